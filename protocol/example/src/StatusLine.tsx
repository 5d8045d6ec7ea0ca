/** How the automatic backups are, in a line; and what there is to do about it. */

import type { BackupStatus } from './backup';
import { whenOf } from './times';

export function StatusLine({ status }: { status: BackupStatus }) {
  return (
    <p id="status" className={`state ${status.state}`} role="status">
      <span className="dot" aria-hidden="true" />
      <span>{lineOf(status)}</span>
    </p>
  );
}

/** Such as "Last backup: today 09:12, proved. 14 kept in 2 places." */
export function lineOf(status: BackupStatus): string {
  if (!status.enabled && !status.last) return 'Automatic backups are off.';
  if (!status.last) return 'No automatic backup yet: the first is made once KiraPilot has been open for a moment.';
  const proved = status.places.some((place) => place.newest) ? ', proved' : '';
  const line = `Last backup: ${whenOf(status.last)}${proved}. ${keptOf(status)}.`;
  return [line, status.enabled ? troubleOf(status) : 'Automatic backups are off.'].filter(Boolean).join(' ');
}

function keptOf({ places }: BackupStatus): string {
  const counts = [...new Set(places.map((place) => place.kept))].map((count) => count.toLocaleString());
  return `${counts.join(' and ')} kept in ${places.length === 1 ? 'one place' : `${places.length} places`}`;
}

/** What is wrong, in the words of the sidecar where it has some. */
function troubleOf(status: BackupStatus): string {
  const place = status.places.find((place) => place.state === status.state);
  switch (status.state) {
    case 'held':
      // How far the data shrank stands beside the button.
      return 'Your data has shrunk: no older backup is removed until you have looked.';
    case 'failing':
      return (
        status.failure?.message ?? place?.failure?.message ?? `Not every backup in ${place?.path ?? 'a place'} is whole.`
      );
    case 'stale': {
      const late = status.places.find((place) => ['stale', 'never'].includes(place.state));
      return `That is long ago${late && !late.present ? `, for ${late.path} is not there` : ''}.`;
    }
    default:
      return '';
  }
}

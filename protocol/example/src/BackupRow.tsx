/** One backup, which may lie in several places: what it holds, why it was made, a pin, a note, and the way back to it. */

import { useId, useState } from 'react';

import * as backup from './backup';
import { beganFrom } from './focus';
import { sizeOf, whenOf } from './times';
import { countOf } from './words';

/** The copies of one backup. */
export interface Group {
  /** The copy that is restored: one that is there and whole, where there is one. */
  newest: backup.AutomaticBackup;
  places: number;
  isWhole: boolean;
}

/** Backups by their number, the newest first. */
export function groupsOf(backups: backup.AutomaticBackup[]): Group[] {
  const groups = new Map<number, Group>();
  for (const copy of backups) {
    const isWhole = copy.present && copy.rotten === '';
    const group = groups.get(copy.number);
    const newest = group && (group.isWhole || !isWhole) ? group.newest : copy;
    groups.set(copy.number, { newest, places: (group?.places ?? 0) + 1, isWhole: isWhole || !!group?.isWhole });
  }
  return [...groups.values()];
}

interface Props {
  group: Group;
  isBusy: boolean;
  attempt: (work: () => Promise<unknown>) => Promise<void>;
  onOpen: (filePath: string) => void;
  onRestore: (filePath: string) => void;
}

export function BackupRow({ group: { newest, places, isWhole }, isBusy, attempt, onOpen, onRestore }: Props) {
  const [draft, setDraft] = useState<string>();
  const title = useId();
  const { number, pinned, note } = newest;

  return (
    <li data-number={number} aria-labelledby={title}>
      <div className="what">
        <strong id={title}>
          {whenOf(newest.made)}
          {pinned && <span className="badge">pinned</span>}
          {!isWhole && <span className="badge bad">{newest.present ? 'damaged' : 'not there'}</span>}
        </strong>
        <span className="quiet">{detailsOf(newest, places)}</span>
        {note && draft === undefined && <span className="note">{note}</span>}
        {draft !== undefined && (
          <form
            className="noting"
            onSubmit={(event) => {
              event.preventDefault();
              void attempt(() => backup.noteBackup(number, { note: draft })).then(() => setDraft(undefined));
            }}
          >
            <input
              aria-label={`Note for the backup of ${whenOf(newest.made)}`}
              autoFocus
              maxLength={1000}
              value={draft}
              onChange={(event) => setDraft(event.target.value)}
            />
            <button className="small primary" type="submit">
              Save
            </button>
            <button className="small" type="button" onClick={() => setDraft(undefined)}>
              Cancel
            </button>
          </form>
        )}
      </div>
      <div className="doings">
        <button
          className="small pin"
          aria-pressed={pinned}
          aria-describedby={title}
          onClick={() => void attempt(() => backup.noteBackup(number, { pinned: !pinned }))}
        >
          {pinned ? 'Unpin' : 'Pin'}
        </button>
        <button className="small noted" aria-describedby={title} onClick={() => setDraft(note)}>
          Note
        </button>
        <button
          className="small open"
          aria-describedby={title}
          disabled={isBusy || !isWhole}
          onClick={(event) => {
            beganFrom(event.currentTarget);
            onOpen(newest.path);
          }}
        >
          Open…
        </button>
        <button
          className="small restore"
          aria-describedby={title}
          disabled={isBusy || !isWhole}
          onClick={(event) => {
            beganFrom(event.currentTarget);
            onRestore(newest.path);
          }}
        >
          Restore…
        </button>
      </div>
    </li>
  );
}

function detailsOf({ rows, size, why, app_version }: backup.AutomaticBackup, places: number): string {
  const parts = [countOf(rows.tasks ?? 0, 'tasks'), sizeOf(size), why];
  if (app_version) parts.push(`version ${app_version}`);
  if (places > 1) parts.push(`in ${places} places`);
  return parts.join(' · ');
}

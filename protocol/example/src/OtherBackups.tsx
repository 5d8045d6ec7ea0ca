/** Backups besides those made by themselves: the safety copies of imports, and what somebody put into a place. */

import type { ManualBackup, SafetyCopyState } from './backup';
import { beganFrom } from './focus';
import { sizeOf, whenOf } from './times';
import { countOf } from './words';

interface Props {
  copies: SafetyCopyState[];
  manual: ManualBackup[];
  isBusy: boolean;
  onOpen: (filePath: string) => void;
  onRestore: (filePath: string) => void;
}

interface Other {
  path: string;
  when: string;
  detail: string;
  /** What is wrong with it, "" for nothing that is known. */
  trouble: string;
}

export function OtherBackups({ copies, manual, isBusy, onOpen, onRestore }: Props) {
  const others = [...copies.map(ofCopy), ...manual.map(ofManual)];
  if (others.length === 0) return null;
  return (
    <details id="others">
      <summary>Safety copies and others ({others.length.toLocaleString()})</summary>
      <ul className="backups">
        {others.map(({ path, when, detail, trouble }) => (
          <li key={path} aria-label={`${when}, ${detail}`}>
            <div className="what">
              <strong>
                {when}
                {trouble && <span className="badge bad">damaged</span>}
              </strong>
              <span className="quiet">{trouble || detail}</span>
            </div>
            <div className="doings">
              <button
                className="small open"
                aria-label={`Open the one of ${when}`}
                disabled={isBusy || trouble !== ''}
                onClick={(event) => {
                  beganFrom(event.currentTarget);
                  onOpen(path);
                }}
              >
                Open…
              </button>
              <button
                className="small restore"
                aria-label={`Restore the one of ${when}`}
                disabled={isBusy}
                onClick={(event) => {
                  beganFrom(event.currentTarget);
                  onRestore(path);
                }}
              >
                Restore…
              </button>
            </div>
          </li>
        ))}
      </ul>
    </details>
  );
}

function ofCopy({ path, created_at, task_count, size, reason }: SafetyCopyState): Other {
  const detail = `${countOf(task_count, 'tasks')} · ${sizeOf(size)} · safety copy`;
  return { path, when: whenOf(created_at), detail, trouble: reason ?? '' };
}

function ofManual({ path, changed, size }: ManualBackup): Other {
  return { path, when: whenOf(changed), detail: `${path.split(/[/\\]/).pop()} · ${sizeOf(size)}`, trouble: '' };
}

/** Backups that are made by themselves: how they are, the hold, all of them in a list, and when and where they are made. */

import { useState, type ReactNode } from 'react';

import * as backup from './backup';
import { BackupRow, groupsOf } from './BackupRow';
import { beganFrom } from './focus';
import { PolicyForm } from './PolicyForm';
import { StatusLine } from './StatusLine';
import type { Run } from './useJob';

interface Props {
  status: backup.BackupStatus;
  backups: backup.AutomaticBackup[];
  isBusy: boolean;
  run: Run;
  /** What there is besides. */
  others: ReactNode;
  onOpen: (filePath: string) => void;
  onRestore: (filePath: string) => void;
  onFailed: (title: string, prefix: string, reason: unknown) => void;
}

/** How many backups are shown before all are asked for. */
const SHOWN = 5;

export function AutomaticBackups({ status, backups, isBusy, run, others, onOpen, onRestore, onFailed }: Props) {
  const [showsAll, setShowsAll] = useState(false);
  const groups = groupsOf(backups);
  const shown = showsAll ? groups : groups.slice(0, SHOWN);

  async function backUp() {
    try {
      await run('Making a backup', backup.backUpNow);
    } catch (reason) {
      onFailed('Backup Failed', 'Failed to make a backup', reason);
    }
  }

  async function attempt(work: () => Promise<unknown>) {
    try {
      await work();
    } catch (reason) {
      onFailed('Not Changed', 'Failed to change the backups', reason);
    }
  }

  return (
    <section className="card automatic" aria-labelledby="automatic-title">
      <div className="row">
        <h2 id="automatic-title">Automatic backups</h2>
        <button
          id="back-up"
          disabled={isBusy}
          onClick={(event) => {
            beganFrom(event.currentTarget);
            void backUp();
          }}
        >
          Back up now
        </button>
      </div>
      <StatusLine status={status} />
      {status.hold && (
        <div id="hold" className="notice warning" role="alert">
          <strong>Your data has shrunk</strong>
          <p>
            {status.hold.detail}. All of it is still in the older backups, and none of them is removed until you have
            looked. If it is right, say so; if not, restore one of those below.
          </p>
          <button id="accept" onClick={() => void attempt(backup.acceptHold)}>
            That is right
          </button>
        </div>
      )}
      {status.warnings.map((line) => (
        <p key={line} className="notice warning">
          {line}
        </p>
      ))}
      {groups.length > 0 && (
        <ul id="backups" className="backups" aria-label="Backups, the newest first">
          {shown.map((group) => (
            <BackupRow
              key={group.newest.number}
              group={group}
              isBusy={isBusy}
              attempt={attempt}
              onOpen={onOpen}
              onRestore={onRestore}
            />
          ))}
        </ul>
      )}
      {groups.length > SHOWN && (
        <button id="show-all" className="plain" aria-expanded={showsAll} onClick={() => setShowsAll(!showsAll)}>
          {showsAll ? 'Show the newest only' : `Show all ${groups.length.toLocaleString()}`}
        </button>
      )}
      {others}
      <details id="policy">
        <summary>When and where</summary>
        <PolicyForm attempt={attempt} />
      </details>
    </section>
  );
}

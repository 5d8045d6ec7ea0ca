/** Where a task stands in all backups there are: "when did it vanish?", and the way to the last backup that has it. */

import { useState } from 'react';

import * as backup from './backup';
import { beganFrom } from './focus';
import { whenOf } from './times';
import type { Run } from './useJob';
import { plain } from './words';

interface Props {
  isBusy: boolean;
  run: Run;
  onOpen: (filePath: string, text: string) => void;
  onFailed: (title: string, prefix: string, reason: unknown) => void;
}

export function FindTask({ isBusy, run, onOpen, onFailed }: Props) {
  const [query, setQuery] = useState('');
  const [found, setFound] = useState<backup.Searched>();

  async function find() {
    setFound(undefined);
    try {
      setFound(await run('Searching all backups', () => backup.findInBackups(query)));
    } catch (reason) {
      onFailed('Search Failed', 'Failed to search the backups', reason);
    }
  }

  return (
    <section className="card find" aria-labelledby="find-title">
      <h2 id="find-title">Find a task in all backups</h2>
      <form
        className="finding"
        role="search"
        onSubmit={(event) => {
          event.preventDefault();
          const button = event.currentTarget.querySelector('button');
          if (button) beganFrom(button);
          void find();
        }}
      >
        <input
          id="query"
          type="search"
          required
          maxLength={1000}
          aria-label="Words of its title or description"
          placeholder="Words of its title or description"
          value={query}
          onChange={(event) => setQuery(event.target.value)}
        />
        <button id="find" type="submit" disabled={isBusy}>
          Find
        </button>
      </form>
      {found && (
        <>
          <p id="found" role="status" className="quiet">
            {sentenceOf(found)}
          </p>
          <ul className="entries" aria-label="Tasks that were found">
            {found.tasks.map((task) => (
              <FoundTask key={task.id} task={task} isBusy={isBusy} onOpen={(path) => onOpen(path, task.title)} />
            ))}
          </ul>
          {found.warnings.map((line) => (
            <p key={line} className="notice warning">
              {line}
            </p>
          ))}
        </>
      )}
    </section>
  );
}

interface FoundProps {
  task: backup.Found;
  isBusy: boolean;
  onOpen: (filePath: string) => void;
}

function FoundTask({ task, isBusy, onOpen }: FoundProps) {
  const last = lastBackupOf(task);
  return (
    <li data-id={task.id} className="found-task">
      <div className="row">
        <span>
          <strong className="title">{task.title}</strong>
          <span className="quiet">
            {task.vanished ? `Gone since ${whenOf(task.vanished)}` : task.in_database ? 'Still here' : 'Not here'}
          </span>
        </span>
        {last && (
          <button
            className="small"
            aria-label={`Open the last backup that has ${task.title}`}
            disabled={isBusy}
            onClick={(event) => {
              beganFrom(event.currentTarget);
              onOpen(last);
            }}
          >
            Open its backup…
          </button>
        )}
      </div>
      <ol className="versions">
        {task.versions.map((version) => (
          <li key={version.since}>
            {spanOf(version)}: {[version.task_list, plain(String(version.status ?? ''))].filter(Boolean).join(', ')}
            {version.fields.length > 0 && ` (other ${version.fields.map(plain).join(', ')})`}
          </li>
        ))}
      </ol>
    </li>
  );
}

function sentenceOf({ tasks, backups, more }: backup.Searched): string {
  const where = backups === 1 ? 'one backup' : `${backups.toLocaleString()} backups`;
  const count = tasks.length + more;
  if (count === 0) return `No task with these words, in ${where} and today's data.`;
  const many = `${count === 1 ? 'One task' : `${count.toLocaleString()} tasks`}, in ${where} and today's data.`;
  return more > 0 ? `${many} The first ${tasks.length.toLocaleString()} of them:` : many;
}

function spanOf({ first_backup, last_backup, since, until }: backup.Found['versions'][number]): string {
  const end = last_backup === NOW ? 'today' : whenOf(until);
  return first_backup === last_backup ? end : `${whenOf(since)} to ${end}`;
}

/** What today's data is called. */
const NOW = 'now';

/** The newest backup that has the task otherwise than it is today, or at all where it is gone. */
function lastBackupOf({ versions, in_database }: backup.Found): string | undefined {
  const differing = in_database ? versions.slice(0, -1) : versions;
  return differing.at(-1)?.last_backup;
}

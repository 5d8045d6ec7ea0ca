/** What an import of a part does, or has done, kind by kind; and what comes along since the rest cannot be without it. */

import type { ImportPreview, SelectedTable } from './backup';
import { byInterest, countOf } from './words';

type Accounts = ImportPreview['tables'];

interface Props {
  tables: Accounts;
  selected: Record<string, SelectedTable>;
  isDone?: boolean;
}

export function Outcome({ tables, selected, isDone = false }: Props) {
  const lines = linesOf(tables, isDone ? DONE : COMING);
  const along = Object.entries(selected).filter(([, table]) => table.along > 0);
  const untied = Object.values(selected).reduce((sum, table) => sum + table.untied, 0);
  return (
    <div id="outcome" className="outcome">
      {writtenBy(tables) === 0 && <p>{isDone ? 'Nothing was changed' : 'All of it is here already: nothing changes'}.</p>}
      <ul>
        {lines.map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
      {along.length > 0 && (
        <p className="quiet">
          Among these {isDone ? 'came' : 'come'} along, because they belong to what you chose:{' '}
          {along
            .sort(([one], [other]) => byInterest(one, other))
            .map(([table, { along }]) => countOf(along, table))
            .join(', ')}
          .
        </p>
      )}
      {untied > 0 && <p className="quiet">{countOf(untied, 'tasks')} without the task that it was a part of.</p>}
    </div>
  );
}

/** How many rows an import writes. */
export const writtenBy = (tables: Accounts) =>
  Object.values(tables).reduce((sum, { added, updated, repaired }) => sum + added + updated + repaired, 0);

/** How many rows of today an import writes over. */
export const replacedBy = (tables: Accounts) => Object.values(tables).reduce((sum, { updated }) => sum + updated, 0);

/** What becomes of rows, of one and of several. */
const COMING = {
  added: ['comes back', 'come back'],
  repaired: ['is made again', 'are made again'],
  updated: ['becomes as in the backup', 'become as in the backup'],
  stays: ['stays as today', 'stay as today'],
} as const;

const DONE: Record<keyof typeof COMING, readonly [string, string]> = {
  added: ['came back', 'came back'],
  repaired: ['was made again', 'were made again'],
  updated: ['became as in the backup', 'became as in the backup'],
  stays: ['stayed as it was', 'stayed as they were'],
};

function linesOf(tables: Accounts, words: typeof DONE): string[] {
  return Object.entries(tables)
    .sort(([one], [other]) => byInterest(one, other))
    .flatMap(([table, { added, updated, repaired, unchanged, left_out }]) => {
      const stays = unchanged + Object.values(left_out).reduce((sum, count) => sum + count, 0);
      const counts = { added, repaired, updated, stays };
      return (Object.keys(counts) as Array<keyof typeof counts>)
        .filter((what) => counts[what] > 0)
        .map((what) => `${countOf(counts[what], table)} ${words[what][counts[what] === 1 ? 0 : 1]}`);
    });
}

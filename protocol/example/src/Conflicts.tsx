/** The entries of a previewed merge that differ from today's: both as they are, and which of the two stays. */

import { useEffect, useState } from 'react';

import * as backup from './backup';
import { Fields } from './Fields';
import { entriesOf, kindOf } from './words';

/** How many are shown at once. */
const COUNT = 20;

interface Props {
  /** Of the preview that has numbered them. */
  token: string;
  total: number;
}

export function Conflicts({ token, total }: Props) {
  const [from, setFrom] = useState(1);
  const [shown, setShown] = useState<backup.Conflict[]>([]);
  const [trouble, setTrouble] = useState('');

  useEffect(() => {
    let isWanted = true;
    backup.conflicts(token, from, COUNT).then(
      ({ conflicts }) => isWanted && setShown(conflicts),
      (reason) => isWanted && setTrouble(backup.failureOf(reason).message),
    );
    return () => {
      isWanted = false;
    };
  }, [token, from]);

  const to = Math.min(from + COUNT - 1, total);
  return (
    <details id="conflicts" open={total <= COUNT}>
      <summary>{total === 1 ? 'One entry differs' : `${entriesOf(total)} differ`} from today</summary>
      {trouble && <p className="notice warning">{trouble}</p>}
      <ul className="entries" aria-label="Entries that differ from today">
        {shown.map((conflict) => (
          <ConflictRow key={conflict.number} conflict={conflict} />
        ))}
      </ul>
      {total > COUNT && (
        <div className="row pager">
          <button className="small" disabled={from === 1} onClick={() => setFrom(from - COUNT)}>
            Previous
          </button>
          <span role="status">
            {from.toLocaleString()} to {to.toLocaleString()} of {entriesOf(total)}
          </span>
          <button className="small" disabled={to === total} onClick={() => setFrom(to + 1)}>
            Next
          </button>
        </div>
      )}
    </details>
  );
}

const STAYS: Record<string, string> = { mine: 'mine stays', theirs: 'the backup’s takes its place' };

const LATER: Record<string, string> = {
  mine: 'mine was changed later',
  theirs: 'the backup’s was changed later',
  tie: 'both were changed at the same time',
};

function ConflictRow({ conflict: { number, table, label, task_list, newer, stays, fields } }: { conflict: backup.Conflict }) {
  const both = Object.entries(fields).map(([name, { mine, theirs }]) => [name, { left: theirs, right: mine }] as const);
  return (
    <li data-number={number} data-stays={stays}>
      <span className="title">{label ?? `A ${kindOf(table)} without a title`}</span>
      <span className="quiet">
        {[kindOf(table), task_list, newer && LATER[newer]].filter(Boolean).join(' · ')}{' '}
        <span className={`badge ${stays === 'mine' ? 'new' : 'different'}`}>{STAYS[stays] ?? stays}</span>
      </span>
      <Fields of={Object.fromEntries(both)} />
    </li>
  );
}

/** The entries of a previewed merge that differ from today's: both as they are, and which of the two stays. */

import { useEffect, useState } from 'react';

import * as backup from './backup';
import { ConflictRow } from './ConflictRow';
import { entriesOf } from './words';

/** How many are shown at once. */
const COUNT = 20;

interface Props {
  /** Of the preview that has numbered them. */
  token: string;
  total: number;
  choices: backup.ConflictChoice[];
  onChoices: (choices: backup.ConflictChoice[]) => void;
}

export function Conflicts({ token, total, choices, onChoices }: Props) {
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

  function choose(first: number, keep: backup.Winner | undefined) {
    const others = choices.filter((choice) => choice.first !== first);
    onChoices(keep ? [...others, { first, keep }] : others);
  }

  const to = Math.min(from + COUNT - 1, total);
  return (
    <details id="conflicts" open>
      <summary>{total === 1 ? 'One entry differs' : `${entriesOf(total)} differ`} from today</summary>
      {trouble && <p className="notice warning">{trouble}</p>}
      <ul className="entries" aria-label="Entries that differ from today">
        {shown.map((conflict) => (
          <ConflictRow
            key={conflict.number}
            conflict={conflict}
            keep={choices.find((choice) => choice.first === conflict.number)?.keep}
            onKeep={(keep) => choose(conflict.number, keep)}
          />
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

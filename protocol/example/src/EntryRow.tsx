/** One entry: a box to tick, what it is, and the fields that differ. */

import { useId } from 'react';

import type { Entry, State } from './entries';
import { Fields, namesOf } from './Fields';
import { dayOf } from './times';
import { kindOf, plain } from './words';

const BADGES: Record<State, string> = { missing: 'missing today', different: 'different', new: 'new since' };

interface Props {
  entry: Entry;
  isTicked: boolean;
  onTick: (isTicked: boolean) => void;
}

export function EntryRow({ entry, isTicked, onTick }: Props) {
  const details = useId();
  const { id, table, state, title, list, day, fields } = entry;
  const names = namesOf(fields);
  return (
    <li data-id={id} data-table={table}>
      <label>
        <input
          type="checkbox"
          checked={isTicked}
          disabled={id === undefined}
          aria-describedby={details}
          onChange={(event) => onTick(event.target.checked)}
        />
        <span className="title">{title || `A ${kindOf(table)} without a title`}</span>
      </label>
      <span id={details} className="quiet">
        {[kindOf(table), list, dayOf(day)].filter(Boolean).join(' · ')} <span className={`badge ${state}`}>{BADGES[state]}</span>
      </span>
      {names.length > 0 && (
        <details>
          <summary>
            {names.length === 1 ? 'One field differs' : `${names.length} fields differ`}: {names.map(plain).join(', ')}
          </summary>
          <Fields of={fields} />
        </details>
      )}
    </li>
  );
}

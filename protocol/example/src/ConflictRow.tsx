/** One entry that differs: its fields then and today, which of the two stays, and the choice of another. */

import { useId } from 'react';

import type { Conflict, Winner } from './backup';
import { Fields } from './Fields';
import { Select } from './Select';
import { staysOf, WINNERS } from './winners';
import { kindOf } from './words';

const LATER: Record<string, string> = {
  mine: 'mine was changed later',
  theirs: 'the backup’s was changed later',
  tie: 'both were changed at the same time',
};

interface Props {
  conflict: Conflict;
  /** What was chosen for this one alone, if anything was. */
  keep: Winner | undefined;
  onKeep: (keep: Winner | undefined) => void;
}

export function ConflictRow({ conflict, keep, onKeep }: Props) {
  const title = useId();
  const { number, table, label, task_list, newer, stays } = conflict;
  const fields = Object.entries(conflict.fields).map(([name, { mine, theirs }]) => [name, { left: theirs, right: mine }]);
  return (
    <li data-number={number} data-stays={stays}>
      <span id={title} className="title">
        {label ?? `A ${kindOf(table)} without a title`}
      </span>
      <span className="quiet">
        {[kindOf(table), task_list, newer && LATER[newer]].filter(Boolean).join(' · ')}{' '}
        <span className={`badge ${stays === 'mine' ? 'new' : 'different'}`}>{staysOf(stays)}</span>
      </span>
      <Fields of={Object.fromEntries(fields)} />
      <Select
        className="keep"
        label="For this one"
        value={keep ?? ''}
        options={[['', 'as for all'], ...WINNERS]}
        describedBy={title}
        onChange={(winner) => onKeep(winner || undefined)}
      />
    </li>
  );
}

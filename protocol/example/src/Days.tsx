/** From which day to which the entries that are shown began or were made, as a selection's `since` and `until`. */

import { useId, useState } from 'react';

import { isTurnedRound, type Days as Range } from './entries';

const BOUNDS: Array<[keyof Range, string]> = [
  ['since', 'on this day (UTC) or later'],
  ['until', 'on this day (UTC) or earlier'],
];

interface Props {
  days: Range;
  onDays: (days: Range) => void;
}

export function Days({ days, onDays }: Props) {
  // Only until it is right again: what is shown goes by the last range that was.
  const [turned, setTurned] = useState<Range>();
  const remark = useId();
  const typed = turned ?? days;

  function type(name: keyof Range, day: string) {
    const range = { ...typed, [name]: day };
    const isTurned = isTurnedRound(range);
    setTurned(isTurned ? range : undefined);
    if (!isTurned) onDays(range);
  }

  return (
    <fieldset id="days" className="days">
      <legend>Begun or made</legend>
      {BOUNDS.map(([name, text]) => (
        <label key={name}>
          {text}
          <input
            id={name}
            type="date"
            value={typed[name]}
            aria-invalid={turned !== undefined}
            aria-describedby={turned && remark}
            onChange={(event) => type(name, event.target.value)}
          />
        </label>
      ))}
      {turned && (
        <p id={remark} className="notice warning" role="alert">
          The last day chosen lies before the first one, {turned.since} to {turned.until}. Turn them round. What is shown
          stays as it was.
        </p>
      )}
    </fieldset>
  );
}

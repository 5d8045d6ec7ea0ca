/** What becomes of entries that differ: the choice for all of them, and each by itself. */

import { useState } from 'react';

import type { How, ImportPreview } from './backup';
import { Conflicts } from './Conflicts';
import { WINNERS } from './winners';

interface Props {
  how: How;
  /** Of this choice; absent while it is being worked out. */
  preview: ImportPreview | undefined;
  onHow: (how: How) => void;
}

export function Settling({ how, preview, onHow }: Props) {
  // What differs stays in sight while another preview is worked out.
  const [shown, setShown] = useState(preview);
  if (preview && preview !== shown) setShown(preview);
  if (!shown || shown.conflicts === 0) return null;
  return (
    <>
      <fieldset className="ways">
        <legend>Where mine is different today</legend>
        {WINNERS.map(([winner, text]) => (
          <label key={winner}>
            <input
              type="radio"
              name="winner"
              id={`winner-${winner}`}
              checked={(how.onConflict ?? 'mine') === winner}
              onChange={() => onHow({ ...how, onConflict: winner })}
            />
            {text}
          </label>
        ))}
      </fieldset>
      <Conflicts
        token={shown.token}
        total={shown.conflicts}
        choices={how.conflictChoices ?? []}
        onChoices={(conflictChoices) => onHow({ ...how, conflictChoices })}
      />
    </>
  );
}

/** What bringing back a part of a backup would do, before anything is done; and which of two that differ stays. */

import { useState } from 'react';

import type { How, ImportPreview, Winner } from './backup';
import { Conflicts } from './Conflicts';
import { Warnings } from './Counts';
import { Dialog } from './Dialog';
import { Outcome, replacedBy, writtenBy } from './Outcome';
import { entriesOf } from './words';

interface Props {
  how: How;
  /** Of this choice; absent while it is being worked out. */
  preview?: ImportPreview;
  onHow: (how: How) => void;
  onConfirm: () => void;
  onClose: () => void;
}

const WINNERS: Array<[Winner, string]> = [
  ['theirs', 'the backup’s takes its place'],
  ['mine', 'mine stays'],
  ['newer', 'the one that was changed later stays'],
];

export function PartPreview({ how, preview, onHow, onConfirm, onClose }: Props) {
  // What differs stays in sight while another preview is worked out.
  const [shown, setShown] = useState(preview);
  if (preview && preview !== shown) setShown(preview);
  const selection = how.selection ?? {};
  // Another part has other conflicts, by other numbers.
  const withSubtasks = (subtasks: 'with_parents' | 'untied') => ({
    ...how,
    selection: { ...selection, subtasks },
    conflictChoices: undefined,
  });
  const isAlone = selection.subtasks === 'untied';
  const replaced = preview ? replacedBy(preview.tables) : 0;
  const changesNothing = preview !== undefined && writtenBy(preview.tables) === 0;
  return (
    <Dialog
      id="part"
      title={`Bring back ${entriesOf(selection.ids?.length ?? 0)}?`}
      onClose={onClose}
      actions={
        <>
          <button data-first onClick={onClose}>
            Cancel
          </button>
          <button className="primary" disabled={!preview || changesNothing} onClick={onConfirm}>
            Bring back
          </button>
        </>
      }
    >
      <fieldset className="ways" hidden={shown?.conflicts === 0}>
        <legend>Where mine is different today</legend>
        {WINNERS.map(([winner, text]) => (
          <label key={winner}>
            <input
              type="radio"
              name="winner"
              id={`winner-${winner}`}
              checked={how.onConflict === winner}
              onChange={() => onHow({ ...how, onConflict: winner })}
            />
            {text}
          </label>
        ))}
      </fieldset>
      <fieldset className="ways">
        <legend>Tasks that are parts of other tasks</legend>
        <label>
          <input
            id="with-parents"
            type="checkbox"
            checked={!isAlone}
            onChange={() => onHow(withSubtasks(isAlone ? 'with_parents' : 'untied'))}
          />
          bring those along where they are missing
        </label>
      </fieldset>
      {preview ? (
        <>
          <Outcome tables={preview.tables} selected={preview.selected ?? {}} />
          <Warnings lines={preview.warnings} />
        </>
      ) : (
        <p className="changes" role="status">
          Comparing with your data…
        </p>
      )}
      {shown && shown.conflicts > 0 && (
        <Conflicts
          token={shown.token}
          total={shown.conflicts}
          choices={how.conflictChoices ?? []}
          onChoices={(conflictChoices) => onHow({ ...how, conflictChoices })}
        />
      )}
      <p className={`notice ${replaced > 0 ? 'warning' : 'calm'}`}>
        {replaced > 0 && `What is here today is replaced in ${entriesOf(replaced)}. `}
        Nothing else is changed, and nothing is removed. A safety copy is made first.
      </p>
    </Dialog>
  );
}

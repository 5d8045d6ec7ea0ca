/** What bringing back a part of a backup would do, before anything is done; and which of two that differ stays. */

import type { How, ImportPreview } from './backup';
import { Warnings } from './Counts';
import { Dialog } from './Dialog';
import { Outcome, replacedBy, writtenBy } from './Outcome';
import { Settling } from './Settling';
import { entriesOf } from './words';

interface Props {
  how: How;
  /** Of this choice; absent while it is being worked out. */
  preview?: ImportPreview;
  onHow: (how: How) => void;
  onConfirm: () => void;
  onClose: () => void;
}

export function PartPreview({ how, preview, onHow, onConfirm, onClose }: Props) {
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
      <Settling how={how} preview={preview} onHow={onHow} />
      <p className={`notice ${replaced > 0 ? 'warning' : 'calm'}`}>
        {replaced > 0 && `What is here today is replaced in ${entriesOf(replaced)}. `}
        Nothing else is changed, and nothing is removed. A safety copy is made first.
      </p>
    </Dialog>
  );
}

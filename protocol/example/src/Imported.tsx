/** What an import, or an undo, has done: what is to be known of it, and the way back. Whoever leaves it reloads. */

import type { Imported as Result } from './backup';
import { Counts, Warnings } from './Counts';
import { Dialog } from './Dialog';
import { Outcome } from './Outcome';

interface Props {
  title: string;
  result: Result;
  onUndo: () => void;
  onClose: () => void;
}

export function Imported({ title, result, onUndo, onClose }: Props) {
  return (
    <Dialog
      id="imported"
      title={title}
      onClose={onClose}
      actions={
        <>
          {result.safety_copy && (
            <button id="undo-now" onClick={onUndo}>
              Undo
            </button>
          )}
          <button data-first className="primary" onClick={onClose}>
            Done
          </button>
        </>
      }
    >
      {result.selected ? <Outcome tables={result.tables} selected={result.selected} isDone /> : <Counts of={result} />}
      <Warnings lines={result.warnings} />
      {result.safety_copy ? (
        <>
          <p>What was here before is in a safety copy, from which Undo brings it back:</p>
          <p className="path">{result.safety_copy}</p>
        </>
      ) : (
        <p>All of it was here already: nothing was changed.</p>
      )}
    </Dialog>
  );
}

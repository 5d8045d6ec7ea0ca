/** That all data was cleared, and the way back. Whoever leaves it reloads. */

import type { ClearResult } from './backup';
import { Warnings } from './Counts';
import { Dialog } from './Dialog';

interface Props {
  result: ClearResult;
  onUndo: () => void;
  onClose: () => void;
}

export function Cleared({ result, onUndo, onClose }: Props) {
  return (
    <Dialog
      id="cleared"
      title="All data is cleared"
      onClose={onClose}
      actions={
        <>
          {result.safety_copy && (
            <button id="undo-clear" onClick={onUndo}>
              Undo
            </button>
          )}
          <button data-first className="primary" onClick={onClose}>
            Done
          </button>
        </>
      }
    >
      {result.message.split('\n\n').map((line) => (
        <p key={line} className="line">
          {line}
        </p>
      ))}
      <Warnings lines={result.warnings} />
    </Dialog>
  );
}

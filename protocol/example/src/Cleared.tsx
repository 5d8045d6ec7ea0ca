/** That all data was cleared, and the way back. */

import type { ClearResult } from './backup';
import { Warnings } from './Counts';
import { Done } from './Done';

interface Props {
  result: ClearResult;
  onUndo: () => void;
  onClose: () => void;
}

export function Cleared({ result, ...acts }: Props) {
  return (
    <Done id="cleared" title="All data is cleared" undoId={result.safety_copy ? 'undo-clear' : undefined} {...acts}>
      {result.message.split('\n\n').map((line) => (
        <p key={line} className="line">
          {line}
        </p>
      ))}
      <Warnings lines={result.warnings} />
    </Done>
  );
}

/** What an import, or an undo, has done: what is to be known of it, and the way back. */

import type { Imported as Result } from './backup';
import { Counts, Warnings } from './Counts';
import { Done } from './Done';
import { Outcome } from './Outcome';

interface Props {
  title: string;
  result: Result;
  onUndo: () => void;
  onClose: () => void;
}

export function Imported({ title, result, ...acts }: Props) {
  return (
    <Done id="imported" title={title} undoId={result.safety_copy ? 'undo-now' : undefined} {...acts}>
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
    </Done>
  );
}

/** What went wrong, as it was told; and where there is one, the next step. */

import type { Failure } from './backup';
import { Dialog } from './Dialog';
import { countOf, kindsOf } from './words';

export interface Notice {
  title: string;
  lines: string[];
  failure?: Failure;
  /** What else could be done about it. */
  next?: { label: string; act: () => void };
}

export function FailureDialog({ notice, onClose }: { notice: Notice; onClose: () => void }) {
  const { title, lines, failure, next } = notice;
  return (
    <Dialog
      id="failure"
      title={title}
      onClose={onClose}
      actions={
        <>
          <button data-first className={next ? '' : 'primary'} onClick={onClose}>
            Close
          </button>
          {next && (
            <button
              id="next"
              className="primary"
              onClick={() => {
                onClose();
                next.act();
              }}
            >
              {next.label}
            </button>
          )}
        </>
      }
    >
      {lines.map((line) => (
        <p key={line} className="line">
          {line}
        </p>
      ))}
      {failure?.refused && failure.refused.length > 0 && (
        <ul className="line" id="refused">
          {failure.refused.map(({ table, reason, rows, ids }) => (
            <li key={`${table} ${reason}`}>
              {kindsOf(table)}: {reason}
              {rows !== null && ` (${countOf(rows, table)})`}
              {ids.length > 0 && `: ${ids.join(', ')}`}
            </li>
          ))}
        </ul>
      )}
      {failure?.kind && (
        <p className="kind">
          {/* For whoever is asked for help; the sentence above says it all. */}
          <code>{failure.kind}</code>
          {failure.hint && ` · ${failure.hint}`}
        </p>
      )}
    </Dialog>
  );
}

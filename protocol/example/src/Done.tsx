/** That something was done which an undo takes back, and the way to it. Whoever leaves it reloads. */

import type { ReactNode } from 'react';

import { Dialog } from './Dialog';

interface Props {
  id: string;
  title: string;
  /** Of its button; absent where nothing was changed. */
  undoId: string | undefined;
  onUndo: () => void;
  onClose: () => void;
  children: ReactNode;
}

export function Done({ id, title, undoId, onUndo, onClose, children }: Props) {
  return (
    <Dialog
      id={id}
      title={title}
      onClose={onClose}
      actions={
        <>
          {undoId && (
            <button id={undoId} onClick={onUndo}>
              Undo
            </button>
          )}
          <button data-first className="primary" onClick={onClose}>
            Done
          </button>
        </>
      }
    >
      {children}
    </Dialog>
  );
}

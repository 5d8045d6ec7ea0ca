/** A modal dialog of the page: its text can be scrolled, selected and copied, however long it is. */

import { useEffect, useRef, type ReactNode } from 'react';

interface Props {
  id: string;
  title: string;
  children: ReactNode;
  actions: ReactNode;
  onClose: () => void;
}

export function Dialog({ id, title, children, actions, onClose }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);

  useEffect(() => {
    if (dialog.current && !dialog.current.open) dialog.current.showModal();
  }, []);

  return (
    <dialog
      ref={dialog}
      id={id}
      aria-labelledby={`${id}-title`}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <h2 id={`${id}-title`}>{title}</h2>
      <div className="body">{children}</div>
      <footer>{actions}</footer>
    </dialog>
  );
}

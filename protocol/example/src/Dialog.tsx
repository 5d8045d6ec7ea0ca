/** A modal dialog of the page: its text can be scrolled, selected and copied, however long it is. */

import { useLayoutEffect, useRef, type ReactNode } from 'react';

import { giveFocusBack } from './focus';

interface Props {
  id: string;
  title: string;
  children: ReactNode;
  /** Its buttons: the one with `data-first` has the focus at first. */
  actions: ReactNode;
  onClose: () => void;
}

export function Dialog({ id, title, children, actions, onClose }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);

  // Before it is drawn: until it is open, Return would still press the button beneath.
  useLayoutEffect(() => {
    const shown = dialog.current;
    if (shown && !shown.open) shown.showModal();
    shown?.querySelector<HTMLElement>('[data-first]')?.focus();
    return () => {
      // Only of a dialog that is closed, not of one that is taken away, the browser lets go of the focus.
      shown?.close();
      giveFocusBack();
    };
  }, []);

  return (
    <dialog
      ref={dialog}
      id={id}
      aria-labelledby={`${id}-title`}
      aria-describedby={`${id}-body`}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <h2 id={`${id}-title`}>{title}</h2>
      {/* Scrolled by the keyboard, too. */}
      <div id={`${id}-body`} className="body" tabIndex={0}>
        {children}
      </div>
      <footer>{actions}</footer>
    </dialog>
  );
}

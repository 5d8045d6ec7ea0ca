/** Something that can be done: what it is called, what it does, and its button. */

import { useId, type ReactNode } from 'react';

import { beganFrom } from './focus';

interface Props {
  id: string;
  title: string;
  /** What the button says, if not the title. */
  label?: string;
  isMain?: boolean;
  isDanger?: boolean;
  isBusy: boolean;
  onClick: () => void;
  children: ReactNode;
}

export function Action({ id, title, label, isMain, isDanger, isBusy, onClick, children }: Props) {
  const text = useId();
  return (
    <div className="action">
      <div>
        <h2>{title}</h2>
        <p id={text}>{children}</p>
      </div>
      <button
        id={id}
        className={isMain ? 'primary' : isDanger ? 'danger' : ''}
        aria-describedby={text}
        disabled={isBusy}
        onClick={(event) => {
          beganFrom(event.currentTarget);
          onClick();
        }}
      >
        {label ?? title}
      </button>
    </div>
  );
}

/** A long list, a page at a time. */

import { useEffect, useRef, useState, type ReactNode } from 'react';

import { entriesOf } from './words';

interface Props<T> {
  items: T[];
  label: string;
  id: string;
  /** What else the list is of: when that is another one, it begins at its first page again. */
  about: string;
  children: (item: T) => ReactNode;
}

const COUNT = 50;

export function Paged<T>({ items, label, id, about, children }: Props<T>) {
  const [start, setStart] = useState(0);
  const list = useRef<HTMLUListElement>(null);
  const from = start < items.length ? start : 0;
  const to = Math.min(from + COUNT, items.length);

  useEffect(() => setStart(0), [about]);

  function turn(start: number) {
    setStart(start);
    // What is read next begins at the top.
    list.current?.focus({ preventScroll: true });
    list.current?.scrollIntoView({ block: 'start' });
  }

  return (
    <>
      <ul id={id} ref={list} className="entries" aria-label={label} tabIndex={-1}>
        {items.slice(from, to).map(children)}
      </ul>
      {items.length > COUNT && (
        <div className="row pager">
          <button className="small previous" disabled={from === 0} onClick={() => turn(Math.max(0, from - COUNT))}>
            Previous
          </button>
          <span role="status">
            {(from + 1).toLocaleString()} to {to.toLocaleString()} of {entriesOf(items.length)}
          </span>
          <button className="small next" disabled={to === items.length} onClick={() => turn(to)}>
            Next
          </button>
        </div>
      )}
    </>
  );
}

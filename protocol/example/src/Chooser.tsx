/** A backup that is looked into: what differs from today, to be searched, ticked and brought back. */

import { useEffect, useRef, type ReactNode } from 'react';

import { ticksOf } from './entries';
import { EntryRow } from './EntryRow';
import { Filters } from './Filters';
import { beganFrom } from './focus';
import { Paged } from './Paged';
import { whenOf } from './times';
import { TriState } from './TriState';
import type { useChooser } from './useChooser';
import { entriesOf } from './words';

interface Props {
  chooser: ReturnType<typeof useChooser>;
  isBusy: boolean;
  onPreview: (ids: string[]) => void;
  onClose: () => void;
  /** How far the job is. */
  children: ReactNode;
}

export function Chooser({ chooser, isBusy, onPreview, onClose, children }: Props) {
  const { opened, filter, setFilter, shown, ticked, tick } = chooser;
  const title = useRef<HTMLHeadingElement>(null);

  // Another page, as far as whoever reads it is concerned.
  useEffect(() => {
    title.current?.focus();
    window.scrollTo({ top: 0 });
  }, [opened?.filePath]);
  if (!opened) return null;

  const { difference, entries, filePath } = opened;
  const { of, count } = ticksOf(shown, ticked);
  const loaded = entries.length;
  return (
    <div id="chooser" className="chooser">
      <div className="row">
        <button id="back" className="small" onClick={onClose}>
          ← All backups
        </button>
        <button
          id="save-page"
          className="small"
          disabled={isBusy}
          onClick={(event) => {
            beganFrom(event.currentTarget);
            void chooser.savePage();
          }}
        >
          Save as a page…
        </button>
      </div>
      <h1 ref={title} tabIndex={-1}>
        Choose what comes back
      </h1>
      <p className="lead" title={filePath}>
        From {filePath.split(/[/\\]/).pop()}, made {whenOf(difference.left.created_at)}. What is the same today is not
        listed, and nothing is changed before you have seen a preview.
      </p>
      {chooser.page && (
        <p id="page" className="notice calm line" role="status">
          Saved, to be opened in a browser: {chooser.page}
        </p>
      )}
      {difference.identical || difference.total === 0 ? (
        <p id="identical" className="notice calm">
          Nothing of it differs from your data: there is nothing to bring back.
        </p>
      ) : (
        <>
          <Filters entries={entries} filter={filter} ticked={ticked} onFilter={setFilter} onTick={tick} />
          <section className="card found" aria-labelledby="found-title">
            <div className="row">
              <h2 id="found-title">What differs</h2>
              <span role="status" className="quiet">
                {entriesOf(shown.length)}
              </span>
              <TriState
                className="all"
                count={count}
                of={of.length}
                label={`Tick ${of.length === 1 ? 'it' : `all ${of.length.toLocaleString()}`}`}
                onTick={(isTicked) => tick(of, isTicked)}
              />
            </div>
            <Paged id="entries" items={shown} about={JSON.stringify(filter)} label="Entries that differ">
              {(entry) => (
                <EntryRow
                  key={entry.key}
                  entry={entry}
                  isTicked={ticked.has(entry.id ?? '')}
                  onTick={(isTicked) => tick([entry], isTicked)}
                />
              )}
            </Paged>
            {loaded < difference.total && (
              <div className="row">
                <span>
                  The first {loaded.toLocaleString()} of {entriesOf(difference.total)} that differ are here, and searched.
                </span>
                <button id="more" className="small" disabled={isBusy} onClick={() => void chooser.more()}>
                  Get more
                </button>
              </div>
            )}
          </section>
        </>
      )}
      <div className="bar">
        {children}
        <div className="row">
          <span id="ticked" role="status">
            {ticked.size === 0 ? 'Nothing is ticked yet.' : `${entriesOf(ticked.size)} ticked.`}
          </span>
          <button
            id="preview-part"
            className="primary"
            disabled={isBusy || ticked.size === 0}
            onClick={(event) => {
              beganFrom(event.currentTarget);
              onPreview([...ticked]);
            }}
          >
            Preview…
          </button>
        </div>
      </div>
    </div>
  );
}

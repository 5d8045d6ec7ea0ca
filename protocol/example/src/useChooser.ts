/** A backup that is looked into: what differs from today, what of it is shown, and what is ticked. */

import { open, save } from '@tauri-apps/plugin-dialog';
import { useCallback, useMemo, useState } from 'react';

import * as backup from './backup';
import { entriesIn, EVERYTHING, filtered, inOrder, type Entry, type Filter } from './entries';
import { FILTERS } from './useImport';
import type { Run } from './useJob';

export interface Opened {
  filePath: string;
  difference: backup.Difference;
  entries: Entry[];
}

interface Ends {
  onNotOpened: (filePath: string, reason: unknown) => void;
  onNotSaved: (reason: unknown) => void;
}

export function useChooser(run: Run, { onNotOpened, onNotSaved }: Ends) {
  const [opened, setOpened] = useState<Opened>();
  const [filter, setFilter] = useState<Filter>(EVERYTHING);
  const [page, setPage] = useState('');
  const [ticked, setTicked] = useState<ReadonlySet<string>>(new Set());

  async function choose() {
    const filePath = await open({ title: 'Open a Backup', multiple: false, directory: false, filters: FILTERS });
    if (filePath) await look(filePath);
  }

  /** Opens a backup, with some words to search it for at first. */
  async function look(filePath: string, text = '') {
    try {
      const difference = await run('Opening the backup', () => backup.compareWithNow(filePath, 0));
      setFilter({ ...EVERYTHING, text });
      setTicked(new Set());
      setPage('');
      setOpened({ filePath, difference, entries: inOrder(entriesIn(difference.changes, 0)) });
    } catch (reason) {
      onNotOpened(filePath, reason);
    }
  }

  /** Gets more of the entries than one answer holds. */
  async function more() {
    if (!opened) return;
    const { filePath, entries, difference: before } = opened;
    try {
      const difference = await run('Reading on', () => backup.compareWithNow(filePath, entries.length));
      const added = entriesIn(difference.changes, entries.length);
      // What was changed meanwhile has numbered the rows anew.
      if (difference.total !== before.total) await look(filePath, filter.text);
      else setOpened({ filePath, difference, entries: inOrder([...entries, ...added]) });
    } catch (reason) {
      onNotOpened(filePath, reason);
    }
  }

  /** Writes what differs as a page to be looked at in a browser, printed or sent. */
  async function savePage() {
    if (!opened) return;
    const filters = [{ name: 'Page', extensions: ['html'] }];
    const target = await save({ title: 'Save as a Page', defaultPath: 'kirapilot-difference.html', filters });
    if (!target) return;
    setPage('');
    try {
      setPage((await run('Writing the page', () => backup.writeDifference(opened.filePath, target))).path);
    } catch (reason) {
      onNotSaved(reason);
    }
  }

  const tick = useCallback((entries: Entry[], isTicked: boolean) => {
    setTicked((before) => {
      const after = new Set(before);
      for (const { id } of entries) {
        if (id !== undefined && isTicked) after.add(id);
        else if (id !== undefined) after.delete(id);
      }
      return after;
    });
  }, []);

  const shown = useMemo(() => (opened ? filtered(opened.entries, filter) : []), [opened, filter]);
  const close = () => setOpened(undefined);
  return { opened, filter, setFilter, shown, ticked, tick, page, savePage, choose, look, more, close };
}

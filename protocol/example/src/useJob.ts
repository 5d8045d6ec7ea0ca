/** The one job of the page: what is shown of it, from its start, or from wherever it is after a reload. */

import { useCallback, useEffect, useRef, useState } from 'react';

import { onFinished, onProgress } from './backup';
import { giveFocusBack } from './focus';

export interface Job {
  title: string;
  percentage: number;
  message: string;
}

/** Runs work as the page's job, shown under a title until it ends. */
export type Run = <T>(title: string, work: () => Promise<T>) => Promise<T>;

const UNDER_WAY: Record<string, string> = {
  export_data_to_file: 'Exporting your data',
  import_data_from_file: 'Importing the backup',
  undo_last_import: 'Undoing the last import',
  run_backup_if_due: 'Making a backup',
  clear_all_data: 'Clearing all data',
  compare_backups: 'Comparing with your data',
  check_database: 'Looking at the database',
  find_in_backups: 'Searching all backups',
};

export function useJob() {
  const [job, setJob] = useState<Job>();
  const isRunning = useRef(false);

  useEffect(() => {
    const listening = [
      onProgress(({ command, percentage, message }) =>
        setJob((job) => ({ title: UNDER_WAY[command] ?? 'Working', ...job, percentage, message })),
      ),
      // The end of a job that began before a reload, or in another window; `run` sees the end of its own.
      onFinished(() => isRunning.current || setJob(undefined)),
    ];
    return () => listening.forEach((promise) => void promise.then((stop) => stop()));
  }, []);

  const run: Run = useCallback(async (title, work) => {
    isRunning.current = true;
    setJob({ title, percentage: 0, message: '' });
    try {
      return await work();
    } finally {
      isRunning.current = false;
      setJob(undefined);
      giveFocusBack();
    }
  }, []);

  return { job, run };
}

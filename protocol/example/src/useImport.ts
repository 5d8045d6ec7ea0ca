/** Import Data from the choice of a file to the confirmed import: checked, previewed, and only then done. */

import { open } from '@tauri-apps/plugin-dialog';
import { useRef, useState } from 'react';

import * as backup from './backup';
import type { Notice } from './FailureDialog';
import type { Run } from './useJob';

export const FILTERS = [{ name: 'KiraPilot Backup', extensions: ['kpbackup', 'zip'] }];

export interface Choice {
  filePath: string;
  how: backup.How;
  preview?: backup.ImportPreview;
}

interface Ends {
  onFailure: (notice: Notice) => void;
  onImported: (result: backup.Imported) => void;
}

export function useImport(run: Run, { onFailure, onImported }: Ends) {
  const [choice, setChoice] = useState<Choice>();
  // Counts what was asked for: an answer to anything but the last is not wanted any more.
  const asked = useRef(0);
  // Of the last preview, whose numbers choices among its conflicts name.
  const token = useRef<string>(undefined);

  async function choose() {
    const filePath = await open({ title: 'Import Data', multiple: false, directory: false, filters: FILTERS });
    if (filePath) await look(filePath, { overwrite: true });
  }

  /** Checks a backup that is to be imported whole, and shows what that would do. */
  async function look(filePath: string, how: backup.How) {
    try {
      const validation = await run('Checking the backup', () => backup.validate(filePath));
      if (validation.is_valid) await compare(filePath, how);
      else await refuse(filePath, validation.errors);
    } catch (reason) {
      failed(filePath, how, 'Validation Failed', reason);
    }
  }

  /** The preview that is refused says why, and whether a salvage would get something out of the file. */
  async function refuse(filePath: string, errors: string[]) {
    const how = { overwrite: true };
    const reason = await run('Looking for what can be saved', () => backup.preview(filePath, how)).then(
      () => undefined,
      backup.failureOf,
    );
    if (reason?.kind === 'cancelled') throw reason;
    onFailure({ title: 'Validation Failed', lines: errors, failure: reason, next: salvageOf(filePath, reason) });
  }

  async function compare(filePath: string, how: backup.How) {
    const turn = ++asked.current;
    const isWanted = () => turn === asked.current;
    setChoice((shown) => shown && { filePath, how });
    try {
      const preview = await run('Comparing with your data', () => backup.preview(filePath, how, token.current));
      if (!isWanted()) return;
      token.current = preview.token;
      setChoice({ filePath, how, preview });
    } catch (reason) {
      if (!isWanted()) return;
      setChoice(undefined);
      failed(filePath, how, 'Validation Failed', reason);
    }
  }

  function close() {
    asked.current++;
    setChoice(undefined);
    if (choice && !choice.preview) void backup.cancel();
  }

  async function confirm() {
    if (!choice?.preview) return;
    const { filePath, how, preview } = choice;
    setChoice(undefined);
    try {
      onImported(await run('Importing the backup', () => backup.importData(filePath, how, preview.token)));
    } catch (reason) {
      failed(filePath, how, 'Import Failed', reason);
    }
  }

  function failed(filePath: string, how: backup.How, title: string, reason: unknown) {
    const failure = backup.failureOf(reason);
    if (failure.kind === 'cancelled') return onFailure({ title: 'Cancelled', lines: [failure.message], failure });
    // What has changed has numbered the conflicts anew.
    const afresh = { ...how, conflictChoices: undefined };
    const again = { label: 'Look again', act: () => void compare(filePath, afresh) };
    const isStale = failure.kind === 'changed_since_preview';
    onFailure({
      title,
      lines: [`Invalid backup file: ${failure.message}`],
      failure,
      next: isStale ? again : salvageOf(filePath, failure),
    });
  }

  function salvageOf(filePath: string, failure: backup.Failure | undefined) {
    if (!failure?.salvage) return undefined;
    const act = () => void compare(filePath, { overwrite: true, salvage: true });
    return { label: 'See what can be saved', act };
  }

  return {
    choice,
    choose,
    /** Shows what an import of this backup would do. */
    look: (filePath: string) => void look(filePath, { overwrite: true }),
    confirm,
    /** Shows what bringing back a part of this backup would do. */
    lookAtPart: (filePath: string, ids: string[]) =>
      // What was ticked one by one is wanted as the backup has it; nothing is done before it was shown.
      void compare(filePath, { overwrite: false, selection: { ids }, onConflict: 'theirs' }),
    change: (how: backup.How) => choice && void compare(choice.filePath, how),
    close,
  };
}

/** All backups there are, and how the automatic ones are: asked for once, and again whenever the plugin tells of them. */

import { useCallback, useEffect, useState } from 'react';

import * as backup from './backup';

export function useBackups() {
  const [status, setStatus] = useState<backup.BackupStatus>();
  const [list, setList] = useState<backup.BackupList>();

  const refresh = useCallback(() => {
    // Without the plugin's permission, the page has no list and no undo.
    backup.listBackups().then(setList, said('no list of backups'));
  }, []);

  useEffect(() => {
    let isTold = false;
    const listening = backup.onStatus((told) => {
      isTold = true;
      setStatus(told);
      refresh();
    });
    // What was told meanwhile is newer.
    backup.backupStatus().then((answer) => isTold || setStatus(answer), said('no status of the backups'));
    refresh();
    return () => void listening.then((stop) => stop());
  }, [refresh]);

  return { status, copies: list?.backups ?? [], automatic: list?.automatic ?? [], manual: list?.manual ?? [] };
}

function said(what: string) {
  return (reason: unknown) => console.warn(`${what}:`, backup.failureOf(reason).message);
}

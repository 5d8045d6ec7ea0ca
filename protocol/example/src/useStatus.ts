/** How the automatic backups are: asked for once, and from then on told by the plugin whenever it may have changed. */

import { useEffect, useState } from 'react';

import * as backup from './backup';

export function useStatus() {
  const [status, setStatus] = useState<backup.BackupStatus>();
  useEffect(() => {
    let isTold = false;
    const listening = backup.onStatus((told) => {
      isTold = true;
      setStatus(told);
    });
    backup.backupStatus().then(
      // What was told meanwhile is newer.
      (answer) => isTold || setStatus(answer),
      (reason) => console.warn('no status of the backups:', backup.failureOf(reason).message),
    );
    return () => void listening.then((stop) => stop());
  }, []);
  return status;
}

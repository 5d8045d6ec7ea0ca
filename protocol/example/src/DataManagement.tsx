/** Export Data, Import Data and Test Backup, as the Backup & Restore Guide describes them; and undo. */

import { desktopDir, join } from '@tauri-apps/api/path';
import { confirm, save } from '@tauri-apps/plugin-dialog';
import { useState } from 'react';

import { Action } from './Action';
import { AutomaticBackups } from './AutomaticBackups';
import * as backup from './backup';
import { Chooser } from './Chooser';
import { Cleared } from './Cleared';
import { Compacting, type Look } from './Compacting';
import { Counts, Warnings } from './Counts';
import { FailureDialog, type Notice } from './FailureDialog';
import { FindTask } from './FindTask';
import { giveFocusBack } from './focus';
import { Imported } from './Imported';
import { OtherBackups } from './OtherBackups';
import { PartPreview } from './PartPreview';
import { Preview } from './Preview';
import { ProgressPanel } from './ProgressPanel';
import { forgetSettings } from './preferences';
import { useBackups } from './useBackups';
import { useChooser } from './useChooser';
import { FILTERS, useImport } from './useImport';
import { useJob } from './useJob';

/** As the app's own confirmation says, but for its last sentence. */
const CLEARING = `This removes all tasks and projects, timer sessions and history, AI conversations, preferences and \
settings, and all other data of KiraPilot.

A backup and a safety copy are made first: Undo brings everything back.`;

interface Success {
  title: string;
  metadata: backup.BackupMetadata;
  path?: string;
  warnings: string[];
}

export function DataManagement() {
  const [failure, setFailure] = useState<Notice>();
  const [success, setSuccess] = useState<Success>();
  const [imported, setImported] = useState<{ title: string; result: backup.Imported }>();
  const { job, run } = useJob();
  const [cleared, setCleared] = useState<backup.ClearResult>();
  const [looked, setLooked] = useState<Look>();
  const { status, copies, automatic, manual } = useBackups();
  const importing = useImport(run, {
    onFailure: setFailure,
    onImported: (result) => setImported({ title: result.selected ? 'It is back' : 'Import complete', result }),
  });
  const chooser = useChooser(run, {
    onNotOpened: (filePath, reason) => {
      const { kind } = failed('Not Opened', 'Invalid backup file', reason);
      if (kind !== 'damaged' && kind !== 'invalid_backup') return;
      // It lists what is wrong, and what a salvage would get out of the file.
      const next = { label: 'Look closer', act: () => importing.look(filePath) };
      setFailure((failure) => failure && { ...failure, next });
    },
    onNotSaved: (reason) => failed('Not Saved', 'Failed to write the page', reason),
  });
  const isBusy = job !== undefined;

  /** A rejection is the sentence to show; a cancel is no failure. */
  function failed(title: string, prefix: string, reason: unknown) {
    const failure = backup.failureOf(reason);
    if (failure.kind === 'cancelled') setFailure({ title: 'Cancelled', lines: [failure.message], failure });
    else setFailure({ title, lines: [`${prefix}: ${failure.message}`], failure });
    return failure;
  }

  async function exportData() {
    const today = new Date();
    const day = [today.getFullYear(), today.getMonth() + 1, today.getDate()]
      .map((part) => String(part).padStart(2, '0'))
      .join('-');
    const filePath = await save({
      title: 'Export Data',
      defaultPath: `kirapilot-backup-${day}.kpbackup`,
      filters: FILTERS,
    });
    if (!filePath) return;
    setSuccess(undefined);
    try {
      const result = await run('Exporting your data', () => backup.exportData(filePath));
      setSuccess({ title: 'Export complete', metadata: result, path: result.path, warnings: result.warnings });
    } catch (reason) {
      failed('Export Failed', 'Failed to export data', reason);
    }
  }

  async function testBackup() {
    setSuccess(undefined);
    try {
      const filePath = await join(await desktopDir(), `kirapilot-test-backup-${Date.now()}.kpbackup`);
      const result = await run('Exporting a test backup', () => backup.exportData(filePath));
      const validation = await run('Checking the test backup', () => backup.validate(filePath));
      if (!validation.is_valid) {
        setFailure({ title: 'Test Backup Failed', lines: validation.errors });
        return;
      }
      const warnings = [...result.warnings, ...validation.warnings];
      setSuccess({ title: 'Test backup is valid', metadata: result, path: result.path, warnings });
    } catch (reason) {
      failed('Test Backup Failed', 'Backup test failed', reason);
    }
  }

  async function clearAll() {
    const sure = await confirm(CLEARING, { title: 'Clear All Data', kind: 'warning' });
    if (!sure) return;
    setSuccess(undefined);
    try {
      const result = await run('Clearing all data', backup.clearAll);
      forgetSettings();
      setCleared(result);
    } catch (reason) {
      failed('Clear Failed', 'Failed to clear database', reason);
    }
  }

  async function lookAtSize() {
    try {
      const check = await run('Looking at the database', backup.checkDatabase);
      setLooked({ check, command: await backup.compactCommand() });
    } catch (reason) {
      failed('Not Looked At', 'Failed to look at the database', reason);
    }
  }

  async function undo() {
    const sure = await confirm('Bring back what was there before?', {
      title: 'Undo Last Import',
      kind: 'warning',
    });
    if (!sure) return;
    setSuccess(undefined);
    // The page below is that of before the import until it is left, so this dialog comes back if nothing is undone.
    setImported(undefined);
    setCleared(undefined);
    try {
      const result = await run('Undoing the last import', () => backup.undoLastImport());
      setImported({ title: 'Import undone', result });
    } catch (reason) {
      setImported(imported);
      setCleared(cleared);
      failed('Undo Failed', 'Failed to undo the import', reason);
    }
  }

  const last = copies.find((copy) => copy.proved);
  const progress = job && <ProgressPanel job={job} />;
  const ways = { isBusy, onOpen: (filePath: string) => void chooser.look(filePath), onRestore: importing.look };
  const Shown = importing.choice?.how.selection ? PartPreview : Preview;
  return (
    <>
      {chooser.opened && (
        <Chooser
          chooser={chooser}
          isBusy={isBusy}
          onPreview={(ids) => chooser.opened && importing.lookAtPart(chooser.opened.filePath, ids)}
          onClose={() => {
            chooser.close();
            giveFocusBack();
          }}
        >
          {progress}
        </Chooser>
      )}
      {/* It stays as it is for whoever comes back to it. */}
      <div className="sections" hidden={chooser.opened !== undefined}>
        <h1>Data Management</h1>
        <p className="lead">Back up everything KiraPilot knows, and bring it back.</p>
        <section className="card" aria-label="Backup and restore">
          <Action id="export" title="Export Data" isMain isBusy={isBusy} onClick={exportData}>
            Save tasks, sessions, conversations and settings to one file.
          </Action>
          <Action id="import" title="Import Data" isBusy={isBusy} onClick={importing.choose}>
            Replace what is here with a .kpbackup or .zip file, or add to it.
          </Action>
          <Action id="open" title="Open a Backup" isBusy={isBusy} onClick={chooser.choose}>
            Look into one, see what differs from today, and bring back just what you want.
          </Action>
          <Action id="test" title="Test Backup" isBusy={isBusy} onClick={testBackup}>
            Export to your desktop and check the file at once.
          </Action>
          {last && (
            <Action id="undo" title="Undo last import" label="Undo" isBusy={isBusy} onClick={undo}>
              Go back to what was here on {new Date(last.created_at).toLocaleString()}.
            </Action>
          )}
          <Action id="compact" title="Compact the Database" label="Show how…" isBusy={isBusy} onClick={lookAtSize}>
            Its file keeps the room of what is gone. KiraPilot has to be closed to make it smaller.
          </Action>
          <Action id="clear" title="Clear All Data" isDanger isBusy={isBusy} onClick={clearAll}>
            Remove everything from KiraPilot. A backup is made first, and Undo brings it back.
          </Action>
        </section>
        {!chooser.opened && progress}
        {success && (
          <section id="success" className="card success" role="status">
            <h2>{success.title}</h2>
            {success.path && <p className="path">{success.path}</p>}
            <Counts of={success.metadata} />
            <Warnings lines={success.warnings} />
          </section>
        )}
        {status && (
          <AutomaticBackups
            status={status}
            backups={automatic}
            run={run}
            others={<OtherBackups copies={copies} manual={manual} {...ways} />}
            {...ways}
            onFailed={failed}
          />
        )}
        <FindTask isBusy={isBusy} run={run} onOpen={(filePath, text) => void chooser.look(filePath, text)} onFailed={failed} />
      </div>
      {importing.choice && (
        <Shown
          {...importing.choice}
          onHow={importing.change}
          onConfirm={importing.confirm}
          onClose={importing.close}
        />
      )}
      {imported && (
        <Imported {...imported} onUndo={undo} onClose={() => window.location.reload()} />
      )}
      {cleared && <Cleared result={cleared} onUndo={undo} onClose={() => window.location.reload()} />}
      {looked && <Compacting look={looked} onClose={() => setLooked(undefined)} />}
      {failure && <FailureDialog notice={failure} onClose={() => setFailure(undefined)} />}
    </>
  );
}

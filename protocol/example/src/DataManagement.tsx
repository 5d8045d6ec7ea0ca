/** Export Data, Import Data and Test Backup, as the Backup & Restore Guide describes them; and undo. */

import { desktopDir, join } from '@tauri-apps/api/path';
import { confirm, save } from '@tauri-apps/plugin-dialog';
import { useId, useState, type ReactNode } from 'react';

import { AutomaticBackups } from './AutomaticBackups';
import * as backup from './backup';
import { Cleared } from './Cleared';
import { Counts, Warnings } from './Counts';
import { beganFrom } from './focus';
import { FailureDialog, type Notice } from './FailureDialog';
import { Imported } from './Imported';
import { Preview } from './Preview';
import { ProgressPanel } from './ProgressPanel';
import { forgetSettings } from './preferences';
import { useBackups } from './useBackups';
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
  const { status, copies, automatic } = useBackups();
  const importing = useImport(run, {
    onFailure: setFailure,
    onImported: (result) => setImported({ title: 'Import complete', result }),
  });
  const isBusy = job !== undefined;

  /** A rejection is the sentence to show; a cancel is no failure. */
  function failed(title: string, prefix: string, reason: unknown) {
    const failure = backup.failureOf(reason);
    if (failure.kind === 'cancelled') setFailure({ title: 'Cancelled', lines: [failure.message], failure });
    else setFailure({ title, lines: [`${prefix}: ${failure.message}`], failure });
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
  return (
    <>
      <h1>Data Management</h1>
      <p className="lead">Back up everything KiraPilot knows, and bring it back.</p>
      <section className="card" aria-label="Backup and restore">
        <Action id="export" title="Export Data" isMain isBusy={isBusy} onClick={exportData}>
          Save tasks, sessions, conversations and settings to one file.
        </Action>
        <Action id="import" title="Import Data" isBusy={isBusy} onClick={importing.choose}>
          Replace what is here with a .kpbackup or .zip file, or add to it.
        </Action>
        <Action id="test" title="Test Backup" isBusy={isBusy} onClick={testBackup}>
          Export to your desktop and check the file at once.
        </Action>
        {last && (
          <Action id="undo" title="Undo last import" label="Undo" isBusy={isBusy} onClick={undo}>
            Go back to what was here on {new Date(last.created_at).toLocaleString()}.
          </Action>
        )}
        <Action id="clear" title="Clear All Data" isDanger isBusy={isBusy} onClick={clearAll}>
          Remove everything from KiraPilot. A backup is made first, and Undo brings it back.
        </Action>
      </section>
      {job && <ProgressPanel job={job} />}
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
          isBusy={isBusy}
          run={run}
          onRestore={importing.look}
          onFailed={failed}
        />
      )}
      {importing.choice && (
        <Preview
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
      {failure && <FailureDialog notice={failure} onClose={() => setFailure(undefined)} />}
    </>
  );
}

interface ActionProps {
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

function Action({ id, title, label, isMain, isDanger, isBusy, onClick, children }: ActionProps) {
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

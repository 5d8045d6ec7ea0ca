/** Export Data, Import Data and Test Backup, as the Backup & Restore Guide describes them; and undo. */

import { desktopDir, join } from '@tauri-apps/api/path';
import { confirm, message, open, save } from '@tauri-apps/plugin-dialog';
import { useEffect, useState } from 'react';

import * as backup from './backup';
import { Dialog } from './Dialog';
import { Preview, Warnings } from './Preview';
import { ProgressPanel } from './ProgressPanel';
import { useJob } from './useJob';

const FILTERS = [{ name: 'KiraPilot Backup', extensions: ['kpbackup', 'zip'] }];

interface Notice {
  title: string;
  lines: string[];
}

interface Success {
  title: string;
  metadata: backup.BackupMetadata;
  path?: string;
  warnings: string[];
}

export function DataManagement() {
  const [failure, setFailure] = useState<Notice>();
  const [success, setSuccess] = useState<Success>();
  const [choice, setChoice] = useState<{ filePath: string; preview: backup.ImportPreview }>();
  const { job, run } = useJob();
  const [copies, setCopies] = useState<backup.SafetyCopyState[]>([]);

  useEffect(() => {
    // Without the plugin's permission, the page has no undo.
    backup.listBackups().then(
      (list) => setCopies(list.backups),
      (reason) => console.warn('no list of safety copies:', reason),
    );
  }, []);

  function fail(title: string, ...lines: string[]) {
    setFailure({ title, lines });
  }

  /** A rejection is the sentence to show; a cancel is no failure. */
  function failed(title: string, prefix: string, sentence: unknown) {
    const text = String(sentence);
    if (text.startsWith('Cancelled.')) fail('Cancelled', text);
    else fail(title, `${prefix}: ${text}`);
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
    } catch (error) {
      failed('Export Failed', 'Failed to export data', error);
    }
  }

  async function chooseBackup() {
    const filePath = await open({ title: 'Import Data', multiple: false, directory: false, filters: FILTERS });
    if (!filePath) return;
    setSuccess(undefined);
    try {
      const validation = await run('Checking the backup', () => backup.validate(filePath));
      if (!validation.is_valid) {
        fail('Validation Failed', ...validation.errors);
        return;
      }
      const preview = await run('Comparing with your data', () => backup.preview(filePath));
      setChoice({ filePath, preview });
    } catch (error) {
      failed('Validation Failed', 'Invalid backup file', error);
    }
  }

  async function importData(filePath: string) {
    setChoice(undefined);
    try {
      const result = await run('Importing the backup', () => backup.importData(filePath));
      await message(summaryOf(result), { title: 'Import Complete', kind: 'info' });
      window.location.reload();
    } catch (error) {
      failed('Import Failed', 'Invalid backup file', error);
    }
  }

  async function testBackup() {
    setSuccess(undefined);
    try {
      const filePath = await join(await desktopDir(), `kirapilot-test-backup-${Date.now()}.kpbackup`);
      const result = await run('Exporting a test backup', () => backup.exportData(filePath));
      const validation = await run('Checking the test backup', () => backup.validate(filePath));
      if (!validation.is_valid) {
        fail('Test Backup Failed', ...validation.errors);
        return;
      }
      const warnings = [...result.warnings, ...validation.warnings];
      setSuccess({ title: 'Test backup is valid', metadata: result, path: result.path, warnings });
    } catch (error) {
      failed('Test Backup Failed', 'Backup test failed', error);
    }
  }

  async function undo() {
    const sure = await confirm('Bring back what was there before the last import?', {
      title: 'Undo Last Import',
      kind: 'warning',
    });
    if (!sure) return;
    setSuccess(undefined);
    try {
      const result = await run('Undoing the last import', () => backup.undoLastImport());
      await message(summaryOf(result), { title: 'Import Undone', kind: 'info' });
      window.location.reload();
    } catch (error) {
      failed('Undo Failed', 'Failed to undo the import', error);
    }
  }

  const last = copies.find((copy) => copy.proved);
  return (
    <>
      <h1>Data Management</h1>
      <p className="lead">Back up everything KiraPilot knows, and bring it back.</p>
      <section className="card">
        <Action title="Export Data" text="Save tasks, sessions, conversations and settings to one file.">
          <button id="export" className="primary" disabled={job !== undefined} onClick={exportData}>
            Export Data
          </button>
        </Action>
        <Action title="Import Data" text="Replace what is here with a .kpbackup or .zip file.">
          <button id="import" disabled={job !== undefined} onClick={chooseBackup}>
            Import Data
          </button>
        </Action>
        <Action title="Test Backup" text="Export to your desktop and check the file at once.">
          <button id="test" disabled={job !== undefined} onClick={testBackup}>
            Test Backup
          </button>
        </Action>
        {last && (
          <Action title="Undo last import" text={`Go back to what was here on ${new Date(last.created_at).toLocaleString()}.`}>
            <button id="undo" disabled={job !== undefined} onClick={undo}>
              Undo
            </button>
          </Action>
        )}
      </section>
      {job && <ProgressPanel job={job} />}
      {success && (
        <section id="success" className="card success" role="status">
          <h2>{success.title}</h2>
          {success.path && <p className="path">{success.path}</p>}
          <dl className="counts">
            {backup.countsOf(success.metadata).map(([label, count]) => (
              <div key={label}>
                <dt>{label}</dt>
                <dd>{count.toLocaleString()}</dd>
              </div>
            ))}
          </dl>
          <Warnings lines={success.warnings} />
        </section>
      )}
      {choice && (
        <Preview {...choice} onConfirm={() => importData(choice.filePath)} onClose={() => setChoice(undefined)} />
      )}
      {failure && (
        <Dialog
          id="failure"
          title={failure.title}
          onClose={() => setFailure(undefined)}
          actions={
            <button className="primary" onClick={() => setFailure(undefined)}>
              Close
            </button>
          }
        >
          {failure.lines.map((line) => (
            <p key={line} className="line">
              {line}
            </p>
          ))}
        </Dialog>
      )}
    </>
  );
}

function Action({ title, text, children }: { title: string; text: string; children: React.ReactNode }) {
  return (
    <div className="action">
      <div>
        <h3>{title}</h3>
        <p>{text}</p>
      </div>
      {children}
    </div>
  );
}

function summaryOf(result: backup.Imported): string {
  const counts = backup.countsOf(result).map(([label, count]) => `${label}: ${count}`);
  return [...counts, ...result.warnings.map((line) => `• ${line}`)].join('\n');
}

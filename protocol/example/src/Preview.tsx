/** What is in a backup and what importing it would do, before anything is done. */

import type { How, ImportPreview, SalvageReport } from './backup';
import { Counts, Warnings } from './Counts';
import { Dialog } from './Dialog';
import { Settling } from './Settling';

interface Props {
  filePath: string;
  how: How;
  /** Of this way to import; absent while it is being worked out. */
  preview?: ImportPreview;
  onHow: (how: How) => void;
  onConfirm: () => void;
  onClose: () => void;
}

export function Preview({ filePath, how, preview, onHow, onConfirm, onClose }: Props) {
  const { label, consequence, isDanger } = wordsFor(how);
  return (
    <Dialog
      id="preview"
      title={how.salvage ? 'Import what can be saved?' : 'Import this backup?'}
      onClose={onClose}
      actions={
        <>
          {/* The harmless one has the focus: Return does nothing that cannot be taken back. */}
          <button data-first onClick={onClose}>
            Cancel
          </button>
          <button className={isDanger ? 'danger' : 'primary'} disabled={!preview} onClick={onConfirm}>
            {label}
          </button>
        </>
      }
    >
      <p className="file" title={filePath}>
        {filePath.split(/[/\\]/).pop()}
        {preview && <span> · made {new Date(preview.created_at).toLocaleString()}</span>}
      </p>
      <fieldset className="ways">
        <legend>What is here already</legend>
        <Way how={how} overwrite onHow={onHow} text={how.salvage ? 'gives way to what the backup proves' : 'is replaced'} />
        <Way how={how} overwrite={false} onHow={onHow} text="stays, and what is new is added" />
      </fieldset>
      {preview ? (
        <>
          <Counts of={preview} />
          <p className="changes">{changesOf(preview)}</p>
          {preview.salvage && <Salvage report={preview.salvage} />}
          <Warnings lines={preview.warnings} />
        </>
      ) : (
        <p className="changes" role="status">
          Comparing with your data…
        </p>
      )}
      {!how.overwrite && !how.salvage && <Settling how={how} preview={preview} onHow={onHow} />}
      <p className={`notice ${isDanger ? 'danger' : 'calm'}`} role={isDanger ? 'alert' : undefined}>
        {consequence}
      </p>
    </Dialog>
  );
}

interface WayProps {
  how: How;
  overwrite: boolean;
  text: string;
  onHow: (how: How) => void;
}

function Way({ how, overwrite, text, onHow }: WayProps) {
  return (
    <label>
      <input
        type="radio"
        name="way"
        id={overwrite ? 'replace' : 'merge'}
        checked={how.overwrite === overwrite}
        // What is replaced has nothing to settle.
        onChange={() => onHow({ ...how, overwrite, onConflict: undefined, conflictChoices: undefined })}
      />
      {text}
    </label>
  );
}

/** What a damaged backup still proves, and what is lost. */
function Salvage({ report }: { report: SalvageReport }) {
  return (
    <div className="notice warning" id="salvaged">
      <strong>{report.complete ? 'Nothing is missing' : 'What is missing'}</strong>
      <ul>
        {Object.entries(report.tables).map(([table, { expected, taken }]) => (
          <li key={table}>
            {table.replaceAll('_', ' ')}: {taken.toLocaleString()}
            {expected !== null && ` of ${expected.toLocaleString()}`}
          </li>
        ))}
      </ul>
      <details>
        <summary>What is damaged</summary>
        <ul>
          {report.damage.map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
      </details>
    </div>
  );
}

function wordsFor({ overwrite, salvage, onConflict, conflictChoices }: How) {
  if (salvage) {
    const rows = overwrite ? 'Rows that the backup proves replace yours' : 'Only what you lack is added';
    const consequence = `${rows}; nothing is removed. A safety copy is made first.`;
    return { label: 'Import what can be saved', consequence, isDanger: false };
  }
  if (overwrite) {
    const consequence = 'WARNING: This will replace all your current data! A safety copy is made first.';
    return { label: 'Replace and import', consequence, isDanger: true };
  }
  const isMine = (onConflict ?? 'mine') === 'mine' && !conflictChoices?.length;
  const added = isMine ? 'Nothing is changed or removed: only what is new is added.' : 'Nothing is removed.';
  const consequence = `${added} A safety copy is made first.`;
  return { label: 'Add to my data', consequence, isDanger: false };
}

function changesOf(preview: ImportPreview): string {
  const sum = { added: 0, updated: 0, removed: 0, unchanged: 0 };
  for (const table of Object.values(preview.tables)) {
    for (const key of Object.keys(sum) as Array<keyof typeof sum>) sum[key] += table[key];
  }
  const { added, updated, removed, unchanged } = sum;
  const parts = [`${added.toLocaleString()} added`, `${updated.toLocaleString()} changed`];
  parts.push(`${removed.toLocaleString()} removed`, `${unchanged.toLocaleString()} already here`);
  return `In all tables: ${parts.join(', ')}.`;
}

/** What is in a backup and what importing it would do, before anything is done. */

import { countsOf, type ImportPreview } from './backup';
import { Dialog } from './Dialog';

interface Props {
  filePath: string;
  preview: ImportPreview;
  onConfirm: () => void;
  onClose: () => void;
}

export function Preview({ filePath, preview, onConfirm, onClose }: Props) {
  const changes = changesOf(preview);
  return (
    <Dialog
      id="preview"
      title="Import this backup?"
      onClose={onClose}
      actions={
        <>
          <button onClick={onClose}>Cancel</button>
          <button className="danger" onClick={onConfirm}>
            Replace and import
          </button>
        </>
      }
    >
      <p className="file" title={filePath}>
        {filePath.split(/[/\\]/).pop()}
        <span> · made {new Date(preview.created_at).toLocaleString()}</span>
      </p>
      <dl className="counts">
        {countsOf(preview).map(([label, count]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{count.toLocaleString()}</dd>
          </div>
        ))}
      </dl>
      <p className="changes">{changes}</p>
      <Warnings lines={preview.warnings} />
      <p className="notice danger" role="alert">
        WARNING: This will replace all your current data!
      </p>
    </Dialog>
  );
}

export function Warnings({ lines }: { lines: string[] }) {
  if (lines.length === 0) return null;
  return (
    <div className="notice warning">
      <strong>{lines.length === 1 ? 'One thing to know' : `${lines.length} things to know`}</strong>
      <ul>
        {lines.map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
    </div>
  );
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

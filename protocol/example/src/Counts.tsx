/** What a backup holds, and what is to be known of it: as every dialog shows it. */

import { countsOf, type BackupMetadata } from './backup';

export function Counts({ of }: { of: BackupMetadata }) {
  return (
    <dl className="counts">
      {countsOf(of).map(([label, count]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>{count.toLocaleString()}</dd>
        </div>
      ))}
    </dl>
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

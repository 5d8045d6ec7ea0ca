/** Places of a test's own: copies of real databases, and an environment that never leads to the user's data. */

import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { onTestFinished } from 'vitest';

export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/** A real backup that a shipped version of the app made; not to be written to. */
export const REAL_BACKUP = join(ROOT, 'tests/data/every-kind-of-row.kpbackup');

/** A folder for one test, with a copy of a real database in it. */
export class Places {
  readonly folder = mkdtempSync(join(tmpdir(), 'kirapilot-client-'));
  readonly database = join(this.folder, 'kirapilot.db');

  constructor(database = 'every-kind-of-row') {
    copyFileSync(join(ROOT, 'tests/data', `${database}.db`), this.database);
    onTestFinished(() => rmSync(this.folder, { recursive: true, force: true }));
  }

  /** A path in the folder. */
  path(name: string): string {
    return join(this.folder, name);
  }

  get environment(): NodeJS.ProcessEnv {
    return {
      ...process.env,
      KIRAPILOT_DATABASE: this.database,
      XDG_CACHE_HOME: this.path('cache'),
      PYTHONPATH: [ROOT, process.env['PYTHONPATH']].filter(Boolean).join(delimiter),
    };
  }
}

/** The package as an app gets it: packed, installed, type-checked, and built by Vite with the alias of the README. */

import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { build, type AliasOptions } from 'vite';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { Places } from './places.js';
import { Processes } from './processes.js';
import { TauriShell } from './tauri-shell.js';

const CLIENT = fileURLToPath(new URL('..', import.meta.url));
const README = readFileSync(join(CLIENT, 'README.md'), 'utf8');

/** A frontend as it is before there is a sidecar. */
const PAGE = `
import { invoke } from '@tauri-apps/api/core';

export const exportData = (filePath: string): Promise<{ task_count: number }> =>
  invoke('export_data_to_file', { filePath });
export const validate = (filePath: string): Promise<object> => invoke('validate_backup_file', { filePath });
export const getTasks = (): Promise<unknown> => invoke('get_tasks', { done: false });
`;

const TSCONFIG = {
  compilerOptions: {
    target: 'ES2022',
    lib: ['ES2022', 'DOM'],
    module: 'ESNext',
    moduleResolution: 'bundler',
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    // As Tauri's own templates have it.
    skipLibCheck: true,
    types: [],
  },
  include: ['src'],
};

let app: string;

beforeAll(() => {
  app = mkdtempSync(join(tmpdir(), 'kirapilot-app-'));
  mkdirSync(join(app, 'src'));
  writeFileSync(join(app, 'package.json'), JSON.stringify({ name: 'app', private: true, type: 'module' }));
  writeFileSync(join(app, 'tsconfig.json'), JSON.stringify(TSCONFIG));
  writeFileSync(join(app, 'src/page.ts'), PAGE);
  run('npm', ['pack', '--silent', '--pack-destination', app], CLIENT);
  const [tarball] = readdirSync(app).filter((name) => name.endsWith('.tgz'));
  run('npm', ['install', '--offline', '--silent', '--no-audit', '--no-fund', `./${tarball}`], app);
  for (const name of ['@tauri-apps/api', '@tauri-apps/plugin-shell']) {
    cpSync(join(CLIENT, 'node_modules', name), join(app, 'node_modules', name), { recursive: true });
  }
}, 120_000);

afterAll(() => rmSync(app, { recursive: true, force: true }));

function run(program: string, args: string[], cwd: string): string {
  return execFileSync(program, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Type-check the app; answers what the compiler says. */
function check(): string {
  try {
    return run(process.execPath, [join(CLIENT, 'node_modules/typescript/bin/tsc'), '-p', '.'], app);
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}

/** The blocks of code of one language in the README. */
function codeOf(language: string): string[] {
  return [...README.matchAll(new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 'gs'))].map(([, code]) => code!);
}

/** The alias as the README has it, for a `vite.config.ts`. */
function aliasOfReadme(): AliasOptions {
  const [line] = codeOf('ts').filter((code) => code.startsWith('resolve:'));
  const { resolve } = new Function(`return {${line}}`)() as { resolve: { alias: AliasOptions } };
  return resolve.alias;
}

/** Build the page; answers the file made. */
async function buildPage(alias: AliasOptions, name: string): Promise<string> {
  await build({
    root: app,
    configFile: false,
    logLevel: 'error',
    resolve: { alias },
    build: {
      outDir: name,
      minify: false,
      lib: { entry: 'src/page.ts', formats: ['es'], fileName: () => 'page.mjs' },
      rollupOptions: { output: { inlineDynamicImports: true } },
    },
  });
  return join(app, name, 'page.mjs');
}

type Page = Record<'exportData' | 'validate', (filePath: string) => Promise<unknown>> & {
  getTasks(): Promise<unknown>;
};

async function load(file: string): Promise<Page> {
  return (await import(/* @vite-ignore */ pathToFileURL(file).href)) as Page;
}

test('it installs with npm, and carries its code and types and nothing else', () => {
  const installed = join(app, 'node_modules/kirapilot-sidecar-client');
  expect(readdirSync(installed).sort()).toEqual(['LICENSE', 'README.md', 'dist', 'package.json']);
  const names = readdirSync(join(installed, 'dist'));
  expect(names.every((name) => name.endsWith('.js') || name.endsWith('.d.ts'))).toBe(true);
  expect(names).toContain('types.d.ts');
});

test('the code of the README is type-checked in an app that has installed it', () => {
  const uses = codeOf('ts').filter((code) => code.startsWith('import'));
  expect(uses).toHaveLength(2);
  uses.forEach((use, number) => writeFileSync(join(app, `src/use-${number}.ts`), use));
  expect(check()).toBe('');
});

test('a call with a wrong param is found by the compiler', () => {
  const [use] = codeOf('ts').filter((code) => code.startsWith('import'));
  writeFileSync(join(app, 'src/use.ts'), `${use}\nvoid sidecar.importData('b.kpbackup', { overwrite: 'yes' });\n`);
  expect(check()).toContain("Type 'string' is not assignable to type 'boolean'");
  rmSync(join(app, 'src/use.ts'));
});

test('a page built with the alias has its backup commands done by the sidecar, and all others by the app', async () => {
  const places = new Places();
  const shell = new TauriShell(new Processes(places));
  const page = await load(await buildPage(aliasOfReadme(), 'moved'));
  const filePath = places.path('backup.kpbackup');
  expect(await page.exportData(filePath)).toMatchObject({ path: filePath });
  expect(await page.validate(filePath)).toMatchObject({ version: '1.0.0' });
  await expect(page.validate(places.path('missing'))).rejects.toMatch(/^There is no file at /);
  expect(await page.getTasks()).toBe('the app answers get_tasks');
  expect(shell.spawned).toHaveLength(1);
});

test('the same page built without it goes to the app with everything', async () => {
  const shell = new TauriShell(new Processes(new Places()));
  const page = await load(await buildPage([], 'unmoved'));
  expect(await page.exportData('any')).toBe('the app answers export_data_to_file');
  expect(shell.spawned).toEqual([]);
});

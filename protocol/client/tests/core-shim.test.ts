/** The alias of `@tauri-apps/api/core`, as an app's frontend sees it. */

import { execFileSync } from 'node:child_process';
import { once } from 'node:events';

import { expect, test } from 'vitest';

import type { ImportResult } from '../src/types.js';
import { Places, REAL_BACKUP } from './places.js';
import { Processes } from './processes.js';
import { TauriShell } from './tauri-shell.js';

function open(): { places: Places; processes: Processes; shell: TauriShell } {
  const places = new Places();
  const processes = new Processes(places);
  return { places, processes, shell: new TauriShell(processes) };
}

/** All that is in a backup, unpacked by another program. */
function textOf(archive: string): string {
  const unpack = 'import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); print(*map(z.read, z.namelist()))';
  return execFileSync('python', ['-c', unpack, archive], { encoding: 'utf8' });
}

test('the four moved commands go to the sidecar, with their names and params', async () => {
  const { places, shell } = open();
  const { invoke } = await shell.load();
  const filePath = places.path('Übung.kpbackup');

  const exported = await invoke('export_data_to_file', { filePath });
  expect(exported).toMatchObject({ version: '1.0.0', path: filePath });
  expect(await invoke('validate_backup_file', { filePath })).toMatchObject({ version: '1.0.0' });
  expect(await invoke('validate_backup_comprehensive', { filePath })).toMatchObject({ is_valid: true });
  expect(await invoke('import_data_from_file', { filePath, overwrite: true })).toMatchObject({ overwrite: true });

  expect(shell.spawned).toEqual([
    { program: 'binaries/kirapilot-sidecar', args: ['serve'], options: { sidecar: true } },
  ]);
  expect(new Set(shell.invocations.map(({ cmd }) => cmd))).toEqual(
    new Set(['plugin:shell|spawn', 'plugin:shell|stdin_write']),
  );
});

/** Settings as the frontend keeps them. */
function settings(theme: string, geminiApiKey: string): string {
  return JSON.stringify({ theme, aiSettings: { geminiApiKey } });
}

test('settings go into a backup without secrets, and come back with those of the device', async () => {
  const { places, shell } = open();
  const { invoke } = await shell.load();
  const filePath = places.path('backup.kpbackup');
  shell.settings.setItem('kirapilot-preferences', settings('dark', 'secret of the old device'));
  shell.settings.setItem('kira_api_key', 'another secret');
  await invoke('export_data_to_file', { filePath });
  expect(textOf(filePath)).toContain('"dark"');
  expect(textOf(filePath)).not.toContain('secret');

  shell.settings.setItem('kirapilot-preferences', settings('light', 'of this device'));
  await invoke('import_data_from_file', { filePath, overwrite: true });
  expect(shell.settings.getItem('kirapilot-preferences')).toBe(settings('dark', 'of this device'));
  expect(shell.settings.getItem('kira_api_key')).toBe('another secret');
  expect(shell.settings.getItem('kirapilot-privacy-settings')).toBeNull();
});

test('the state of the old page does not outlive the reload after an import', async () => {
  const { places, shell } = open();
  const { invoke } = await shell.load();
  const filePath = places.path('backup.kpbackup');
  shell.settings.setItem('kirapilot-preferences', settings('dark', 'key'));
  await invoke('export_data_to_file', { filePath });
  await invoke('import_data_from_file', { filePath, overwrite: true });
  shell.settings.setItem('kirapilot-preferences', settings('light', 'key'));
  shell.leave();
  expect(shell.settings.getItem('kirapilot-preferences')).toBe(settings('dark', 'key'));
});

test('a backup without settings leaves those of the device alone', async () => {
  const { shell } = open();
  const { invoke } = await shell.load();
  shell.settings.setItem('kirapilot-preferences', settings('light', 'key'));
  await invoke('import_data_from_file', { filePath: REAL_BACKUP, overwrite: true });
  shell.leave();
  expect(shell.settings.getItem('kirapilot-preferences')).toBe(settings('light', 'key'));
});

test('settings that find no place are told of, and the import is none the worse', async () => {
  const { places, shell } = open();
  const { invoke } = await shell.load();
  const filePath = places.path('backup.kpbackup');
  shell.settings.setItem('kirapilot-preferences', settings('dark', 'key'));
  await invoke('export_data_to_file', { filePath });
  shell.settings.setItem = () => {
    throw new DOMException('The quota has been exceeded.', 'QuotaExceededError');
  };
  const imported = await invoke<ImportResult>('import_data_from_file', { filePath, overwrite: true });
  expect(imported.warnings.at(-1)).toMatch(/^The settings in the backup could not be put back: .*quota/);
});

test('every other command goes to the app unchanged', async () => {
  const { shell } = open();
  const { invoke } = await shell.load();
  expect(await invoke('get_tasks', { done: false })).toBe('the app answers get_tasks');
  expect(await invoke('preview_import', { filePath: 'any' })).toBe('the app answers preview_import');
  expect(await invoke('toString')).toBe('the app answers toString');
  expect(shell.invocations).toEqual([
    { cmd: 'get_tasks', args: { done: false } },
    { cmd: 'preview_import', args: { filePath: 'any' } },
    { cmd: 'toString', args: {} },
  ]);
  expect(shell.spawned).toEqual([]);
});

test('the rest of the real module is there', async () => {
  const { shell } = open();
  const shim = await shell.load();
  const real = await import('#tauri-core');
  expect(Object.keys(shim).sort()).toEqual(Object.keys(real).sort());
  expect(shim.Channel).toBe(real.Channel);
  expect(shim.invoke).not.toBe(real.invoke);
});

test('rejections are plain strings', async () => {
  const { places, shell } = open();
  const { invoke } = await shell.load();
  const filePath = places.path('missing.kpbackup');
  await expect(invoke('validate_backup_file', { filePath })).rejects.toBe(
    `There is no file at ${filePath}. Check the name, or choose the file again.`,
  );
  await expect(invoke('import_data_from_file', { filePath })).rejects.toMatch(/^The params do not fit the method/);
});

test('a sidecar that is killed is started again at the next call', async () => {
  const { processes, shell } = open();
  const { invoke } = await shell.load();
  await invoke('validate_backup_file', { filePath: REAL_BACKUP });
  const asked = invoke('validate_backup_file', { filePath: REAL_BACKUP });
  const rejected = expect(asked).rejects.toMatch(/^The backup file is not to blame/);
  processes.kill();
  await rejected;
  expect(await invoke('validate_backup_file', { filePath: REAL_BACKUP })).toMatchObject({ version: '1.0.0' });
  expect(processes.children).toHaveLength(2);
});

test('after a reload of the page, the next call dismisses the child that the old page left', async () => {
  const { processes, shell } = open();
  const before = await shell.load();
  await before.invoke('validate_backup_file', { filePath: REAL_BACKUP });
  const [left] = processes.children;
  const gone = once(left!, 'close');

  const after = await shell.load();
  expect(await after.invoke('validate_backup_file', { filePath: REAL_BACKUP })).toMatchObject({ version: '1.0.0' });
  await gone;
  expect(processes.children).toHaveLength(2);
});

/** The typed methods, against the real sidecar and real files. */

import { copyFileSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import { SidecarClient, type ImportChoice } from '../src/client.js';
import { SidecarError } from '../src/errors.js';
import { putSettings, readSettings } from '../src/settings.js';
import type { Report } from '../src/types.js';
import { Places, REAL_BACKUP } from './places.js';
import { Processes } from './processes.js';

function open(database?: string): { places: Places; client: SidecarClient } {
  const places = new Places(database);
  return { places, client: new SidecarClient(new Processes(places).transport()) };
}

test('an export is validated, inspected, previewed and imported', async () => {
  const { places, client } = open();
  const filePath = places.path('backup.kpbackup');

  const exported = await client.exportData(filePath);
  expect(exported.task_count).toBeGreaterThan(0);
  expect(exported.size).toBe(statSync(filePath).size);

  const validated = await client.validateComprehensive(filePath);
  expect(validated).toMatchObject({ is_valid: true, errors: [], metadata: { task_count: exported.task_count } });
  expect(await client.validateBackup(filePath)).toEqual(validated.metadata);
  expect((await client.inspectBackup(filePath)).tables['tasks']).toBe(exported.task_count);

  const preview = await client.previewImport(filePath, { overwrite: true });
  expect(preview.tables['tasks']).toMatchObject({ added: 0, removed: 0, unchanged: exported.task_count });
  const imported = await client.importData(filePath, { overwrite: true });
  expect(imported.tables).toEqual(preview.tables);
});

test('an import is undone, and an undo, too', async () => {
  const { client } = open('2025-09-08-periodic-templates');
  await expect(client.undoLastImport()).rejects.toMatchObject({ kind: 'no_safety_copy' });
  const imported = await client.importData(REAL_BACKUP, { overwrite: true });
  expect((await client.listBackups()).backups).toMatchObject([{ path: imported.safety_copy, proved: true }]);
  const undone = await client.undoLastImport();
  expect(undone.path).toBe(imported.safety_copy);
  expect(undone.task_count).toBe(30);
  expect((await client.undoLastImport()).task_count).toBe(imported.task_count);
});

test('what is left of a damaged backup is previewed and imported, when asked for', async () => {
  const { places, client } = open('2025-09-08-periodic-templates');
  const filePath = places.path('damaged.kpbackup');
  writeFileSync(filePath, readFileSync(REAL_BACKUP).subarray(0, 4500));
  const refused = client.importData(filePath, { overwrite: true });
  await expect(refused).rejects.toMatchObject({ kind: 'damaged', salvage: true });
  const preview = await client.previewImport(filePath, { overwrite: true, salvage: true });
  const imported = await client.importData(filePath, { overwrite: true, salvage: true });
  expect(imported.salvage).toEqual(preview.salvage);
  expect(imported.tables['tasks']).toMatchObject({ removed: 0 });
  expect(imported.tables['tasks']?.added).toBeGreaterThan(0);
});

test('one task that a backup has is found, compared, previewed, brought back alone, and taken out again', async () => {
  const { client } = open('2025-09-08-periodic-templates');
  const { changes, tables } = await client.compareBackups(REAL_BACKUP, 'now', { count: 10_000 });
  const task = changes.find(({ table, change }) => table === 'tasks' && change === 'removed');
  const how: ImportChoice = { overwrite: false, selection: { ids: [task?.id ?? ''] }, onConflict: 'theirs' };

  const preview = await client.previewImport(REAL_BACKUP, how);
  expect(preview.selected?.['tasks']?.chosen).toBe(1);
  const imported = await client.importData(REAL_BACKUP, { ...how, previewToken: preview.token });
  expect(imported.tables).toEqual(preview.tables);
  const found = await client.findInBackups(task?.id ?? '', { byId: true });
  expect(found.tasks).toMatchObject([{ id: task?.id, in_database: true }]);

  const left = await client.compareBackups(REAL_BACKUP, 'now', { start: 0, count: 0 });
  expect(left.tables['tasks']?.removed).toBe((tables['tasks']?.removed ?? 0) - 1);
  await client.undoLastImport({ to: imported.safety_copy });
  expect((await client.findInBackups(task?.id ?? '', { byId: true })).tasks).toMatchObject([{ in_database: false }]);
});

test('what the database refuses of a sound backup is told row by row', () => {
  const refused = [{ table: 'tasks', reason: 'title must have a value', rows: 2, ids: ['a', 'b'] }];
  const error = new SidecarError({ code: 23, message: 'No.', data: { kind: 'invalid_backup', hint: '', refused } });
  expect(error.refused).toEqual(refused);
  expect(new SidecarError({ code: 10, message: 'No.' }).refused).toEqual([]);
});

test("the app's own backup is imported into a database of another generation", async () => {
  const { client } = open('2025-09-08-periodic-templates');
  const imported = await client.importData(REAL_BACKUP, { overwrite: false });
  expect(imported.tables['tasks']?.added).toBeGreaterThan(0);
});

test('settings are read from where the page keeps them, and put back there', async () => {
  const { places, client } = open();
  const filePath = places.path('backup.kpbackup');
  const held = new Map([['kirapilot-preferences', '{"theme":"dark"}'], ['other', 'stays']]);
  const storage = {
    getItem: (key: string) => held.get(key) ?? null,
    setItem: (key: string, value: string) => void held.set(key, value),
  };
  const settings = readSettings(storage);
  expect(settings).toEqual({ 'kirapilot-preferences': '{"theme":"dark"}' });
  await client.exportData(filePath, { settings });
  held.set('kirapilot-preferences', '{"theme":"light"}');
  const imported = await client.importData(filePath, { overwrite: true, settings: readSettings(storage) });
  putSettings(imported.settings, storage);
  putSettings({ other: 'is no setting of the app', 'kirapilot-privacy-settings': null }, storage);
  putSettings(null, storage);
  expect([...held]).toEqual([['kirapilot-preferences', '{"theme":"dark"}'], ['other', 'stays']]);
});

test('progress moves through the phases of an export and never falls', async () => {
  const { places, client } = open();
  const reports: Report[] = [];
  await client.exportData(places.path('backup.kpbackup'), {}, { onProgress: (report) => reports.push(report) });

  // A report that waits is replaced by the next one: a phase may be over before it is told.
  expect(['read', 'compress', 'verify']).toEqual(expect.arrayContaining(reports.map(({ phase }) => phase)));
  const percentages = reports.map(({ percentage }) => percentage);
  expect(percentages).toEqual([...percentages].sort((one, other) => one - other));
  expect(percentages.at(-1)).toBeGreaterThan(0);
});

test('a failure is told in a sentence, by kind, with a hint and the path', async () => {
  const { places, client } = open();
  const filePath = places.path('missing.kpbackup');
  await expect(client.validateBackup(filePath)).rejects.toMatchObject({
    name: 'SidecarError',
    kind: 'file_not_found',
    code: 10,
    message: expect.stringContaining(`There is no file at ${filePath}`) as string,
    hint: 'Choose a file that exists.',
    path: filePath,
  });
});

test('comprehensive validation answers for a missing file, too', async () => {
  const { places, client } = open();
  const validated = await client.validateComprehensive(places.path('missing.kpbackup'));
  expect(validated).toMatchObject({ is_valid: false, metadata: null });
});

test('a path holds any characters', async () => {
  const { places, client } = open();
  const filePath = places.path('Sicherung – Übung 备份 \u2028 👩‍👩‍👧.kpbackup');
  const exported = await client.exportData(filePath);
  expect(exported.path).toBe(filePath);
  expect(existsSync(filePath)).toBe(true);
});

test('a path with half a character is answered', async () => {
  const { places, client } = open();
  const half = places.path('half \uD83D.kpbackup');
  await expect(client.validateBackup(half)).rejects.toMatchObject({ kind: 'file_not_found' });
  copyFileSync(REAL_BACKUP, places.path('half \uFFFD.kpbackup'));
  expect((await client.validateBackup(half)).version).toBe('1.0.0');
});

test('a sidecar gives a sign of life, leaves when asked to, and is started again', async () => {
  const places = new Places();
  const processes = new Processes(places);
  const client = new SidecarClient(processes.transport());
  expect(await client.ping()).toMatchObject({ pong: true });
  await client.close();
  expect(processes.children[0]?.exitCode).toBe(1);
  expect(await client.ping()).toMatchObject({ pong: true });
  expect(processes.children).toHaveLength(2);
});

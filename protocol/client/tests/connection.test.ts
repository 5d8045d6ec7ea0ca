/** The connection: cancelling, joining, dying, output in any pieces; with jobs that last until they are cancelled. */

import { existsSync } from 'node:fs';

import { expect, test } from 'vitest';

import { SidecarClient } from '../src/client.js';
import { Connection } from '../src/connection.js';
import { Places } from './places.js';
import { Processes, SLOW_JOBS } from './processes.js';

interface Busy {
  connection: Connection;
  processes: Processes;
  spinning: Promise<unknown>;
  stop(): void;
}

/** A connection whose sidecar is busy with a job that lasts until it is cancelled. */
async function busy(): Promise<Busy> {
  const processes = new Processes(new Places(), SLOW_JOBS);
  const connection = new Connection(processes.transport());
  const { started, onProgress } = firstReport();
  const abort = new AbortController();
  const spinning = connection.call('spin', {}, { onProgress, signal: abort.signal });
  // Tests look at it later; until then it is nobody's failure.
  spinning.catch(() => undefined);
  await started;
  return { connection, processes, spinning, stop: () => abort.abort() };
}

function firstReport(): { started: Promise<void>; onProgress: () => void } {
  let onProgress = (): void => undefined;
  const started = new Promise<void>((resolve) => (onProgress = resolve));
  return { started, onProgress: () => onProgress() };
}

test('a running job is cancelled', async () => {
  const { connection, processes, spinning, stop } = await busy();
  stop();
  await expect(spinning).rejects.toMatchObject({ kind: 'cancelled', code: -32800 });
  expect(await connection.call('ping', {})).toMatchObject({ pong: true });
  expect(processes.children).toHaveLength(1);
});

test('a waiting export is cancelled and leaves no file', async () => {
  const { connection, spinning, stop } = await busy();
  const filePath = new Places().path('backup.kpbackup');
  const abort = new AbortController();
  const exported = connection.call('export_data_to_file', { filePath }, { signal: abort.signal });
  abort.abort();
  await expect(exported).rejects.toMatchObject({ kind: 'cancelled' });
  stop();
  await expect(spinning).rejects.toMatchObject({ kind: 'cancelled' });
  expect(existsSync(filePath)).toBe(false);
});

test('a call that was cancelled before it was made is not sent', async () => {
  const processes = new Processes(new Places());
  const connection = new Connection(processes.transport());
  const call = connection.call('ping', {}, { signal: AbortSignal.abort() });
  await expect(call).rejects.toMatchObject({ kind: 'cancelled' });
  expect(processes.children).toHaveLength(0);
});

test('a ping is answered while a job runs', async () => {
  const { connection } = await busy();
  expect(await connection.call('ping', {})).toMatchObject({ pong: true });
});

test('when the sidecar is killed, waiting calls are told so in a sentence, and the next call works', async () => {
  const { connection, processes, spinning } = await busy();
  const imported = connection.call('import_data_from_file', { filePath: 'any', overwrite: true });
  processes.kill();
  const told = {
    kind: 'sidecar_ended',
    message: expect.stringMatching(/^The backup file is not to blame: .* try again\.$/) as string,
  };
  await Promise.all([spinning, imported].map((call) => expect(call).rejects.toMatchObject(told)));
  expect(await connection.call('ping', {})).toMatchObject({ pong: true });
  expect(processes.children).toHaveLength(2);
});

test('closing cancels what runs', async () => {
  const { connection, spinning } = await busy();
  await connection.close();
  await expect(spinning).rejects.toMatchObject({ kind: 'cancelled' });
});

test('a sidecar that cannot be started is told in a sentence, each time anew', async () => {
  const processes = new Processes(new Places(), ['/nowhere/kirapilot-sidecar']);
  const client = new SidecarClient(processes.transport());
  for (let attempt = 1; attempt <= 2; attempt += 1) {
    await expect(client.ping()).rejects.toMatchObject({
      kind: 'sidecar_unavailable',
      message: expect.stringMatching(/^Nothing was changed: the backup tool could not be started/) as string,
    });
    expect(processes.children).toHaveLength(attempt);
  }
});

test('equal calls under way are one request, whatever the order of their params', async () => {
  const { connection, processes, stop } = await busy();
  const filePath = new Places().path('missing.kpbackup');
  const calls = [
    connection.call('preview_import', { filePath, overwrite: true }),
    connection.call('preview_import', { overwrite: true, filePath }),
  ];
  const other = connection.call('preview_import', { filePath, overwrite: false });
  stop();
  const missing = { kind: 'file_not_found' };
  await Promise.all([...calls, other].map((call) => expect(call).rejects.toMatchObject(missing)));
  expect(processes.requests('preview_import')).toBe(2);
});

test('an equal call after the answer is a request of its own', async () => {
  const processes = new Processes(new Places());
  const connection = new Connection(processes.transport());
  await connection.call('ping', {});
  await connection.call('ping', {});
  expect(processes.requests('ping')).toBe(2);
});

test('who leaves a shared call is let go, and only the last one cancels it', async () => {
  const { connection, processes, spinning, stop } = await busy();
  const abort = new AbortController();
  const joined = connection.call('spin', {}, { signal: abort.signal });
  abort.abort();
  await expect(joined).rejects.toThrow('goes on for another caller');
  expect(processes.requests('$/cancelRequest')).toBe(0);
  stop();
  await expect(spinning).rejects.toMatchObject({ kind: 'cancelled' });
  expect(processes.requests('spin')).toBe(1);
});

test('who joins a call sees its progress, too', async () => {
  const { connection, stop } = await busy();
  const { started, onProgress } = firstReport();
  const joined = connection.call('spin', {}, { onProgress });
  await started;
  const last = new AbortController();
  const alsoJoined = connection.call('spin', {}, { signal: last.signal });
  last.abort();
  await expect(alsoJoined).rejects.toMatchObject({ kind: 'cancelled' });
  stop();
  const cancelled = expect(joined).rejects.toMatchObject({ kind: 'cancelled' });
  await connection.close();
  await cancelled;
});

test('nobody joins a call that is being cancelled', async () => {
  const { connection, processes, spinning, stop } = await busy();
  stop();
  const { started, onProgress } = firstReport();
  const again = connection.call('spin', {}, { onProgress });
  await expect(spinning).rejects.toMatchObject({ kind: 'cancelled' });
  await started;
  expect(processes.requests('spin')).toBe(2);
  const cancelled = expect(again).rejects.toMatchObject({ kind: 'cancelled' });
  await connection.close();
  await cancelled;
});

test.each([
  ['single characters', (text: string) => [...text]],
  ['halves of lines', (text: string) => [text.slice(0, text.length / 2), text.slice(text.length / 2)]],
  ['blank lines around', (text: string) => ['\n', text.replaceAll('\n', '\r\n\r\n')]],
  ['lines of others between', (text: string) => [text.replaceAll('\n', '\nnot JSON\nnull\n42\n[]\n')]],
])('output arrives whole in %s', async (_pieces, cut) => {
  const places = new Places();
  const client = new SidecarClient(new Processes(places).transport(cut));
  const name = 'Übung "🎉".kpbackup';
  const percentages: number[] = [];
  const exported = await client.exportData(
    places.path(name),
    {},
    { onProgress: ({ percentage }) => percentages.push(percentage) },
  );
  expect(exported.path).toBe(places.path(name));
  // A report that waits is replaced by the next one: how many arrive depends on the machine.
  expect(percentages.length).toBeGreaterThan(0);
});

/**
 * Stands in for `@tauri-apps/api/core` at build time: everything of the real module, with the four moved commands
 * going to the sidecar. For apps whose frontend and Rust commands are to stay as they are.
 *
 * The frontend keeps its settings in localStorage and sends none: they go along from here, and come back to there.
 *
 * The real module is imported as `#tauri-core`, a name of this package's own that no alias of the app's catches. The
 * shell plugin imports `@tauri-apps/api/core` as well, and so this module: nothing here may run while it loads.
 */

import { invoke as invokeApp, type InvokeArgs, type InvokeOptions } from '#tauri-core';

import { SidecarClient, type MethodName, type ParamsOf } from './client.js';
import { putSettings, readSettings, type Settings } from './settings.js';
import { shellTransport } from './shell.js';
import type { ImportResult } from './types.js';

export * from '#tauri-core';

/** Commands the sidecar has taken over, by their names in the app, which are its methods' names too. */
const MOVED = [
  'export_data_to_file',
  'import_data_from_file',
  'validate_backup_file',
  'validate_backup_comprehensive',
] as const satisfies MethodName[];

type MovedCommand = (typeof MOVED)[number];

let client: SidecarClient | undefined;

/** As the real `invoke`; moved commands resolve to what they did, and more, and reject with the sentence to show. */
export function invoke<T>(cmd: string, args?: InvokeArgs, options?: InvokeOptions): Promise<T> {
  return isMoved(cmd) ? (callSidecar(cmd, args) as Promise<T>) : invokeApp<T>(cmd, args, options);
}

function isMoved(cmd: string): cmd is MovedCommand {
  return (MOVED as readonly string[]).includes(cmd);
}

async function callSidecar(method: MovedCommand, args: InvokeArgs = {}): Promise<unknown> {
  client ??= new SidecarClient(shellTransport());
  try {
    // The sidecar itself checks params, whatever the page sends.
    const params = { ...withSettings(method), ...args } as unknown as ParamsOf<MovedCommand>;
    const result = await client.call(method, params);
    if ('settings' in result) {
      restore(result);
    }
    return result;
  } catch (error) {
    // The frontend shows rejections as they are, as Rust commands make them: plain strings.
    throw error instanceof Error ? error.message : String(error);
  }
}

function withSettings(method: MovedCommand): { settings?: Settings } {
  const takesThem = method === 'export_data_to_file' || method === 'import_data_from_file';
  return takesThem ? { settings: readSettings(localStorage) } : {};
}

/** Put the settings back now, and again when the page goes: until then its state may be written over them. */
function restore({ settings, warnings }: ImportResult): void {
  try {
    putSettings(settings, localStorage);
    addEventListener('pagehide', () => putSettings(settings, localStorage), { once: true });
  } catch (error) {
    // The data has been imported: this is no failure of the command.
    warnings.push(`The settings in the backup could not be put back: ${String(error)}`);
  }
}

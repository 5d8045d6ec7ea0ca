/** The Tauri shell, imitated below its JavaScript: real plugin and real core above, a real child beneath. */

import { once } from 'node:events';

import { mockIPC } from '@tauri-apps/api/mocks';
import { onTestFinished, vi } from 'vitest';

import { follow, write, type Processes } from './processes.js';

interface Spawn {
  program: string;
  args: string[];
  options: { sidecar?: boolean };
  onEvent: { id: number };
}

interface Invocation {
  cmd: string;
  args: unknown;
}

/** The window of an app: its storage survives reloads, as a webview's does. */
export class TauriShell {
  readonly invocations: Invocation[] = [];
  readonly spawned: Array<Omit<Spawn, 'onEvent'>> = [];
  readonly settings = makeStorage();
  readonly #events = new EventTarget();
  readonly #processes: Processes;

  constructor(processes: Processes) {
    this.#processes = processes;
    vi.stubGlobal('window', globalThis);
    vi.stubGlobal('sessionStorage', makeStorage());
    vi.stubGlobal('localStorage', this.settings);
    vi.stubGlobal('addEventListener', this.#events.addEventListener.bind(this.#events));
    mockIPC((cmd, args) => this.#answer(cmd, args));
    onTestFinished(() => {
      vi.unstubAllGlobals();
    });
  }

  /** The page goes, to be reloaded. */
  leave(): void {
    this.#events.dispatchEvent(new Event('pagehide'));
  }

  /** Load the page's modules anew: all that JavaScript held is gone. */
  async load(): Promise<typeof import('@tauri-apps/api/core')> {
    vi.resetModules();
    return import('@tauri-apps/api/core');
  }

  #answer(cmd: string, args: unknown): unknown {
    this.invocations.push({ cmd, args });
    switch (cmd) {
      case 'plugin:shell|spawn':
        return this.#spawn(args as Spawn);
      case 'plugin:shell|stdin_write':
        return this.#write(args as { pid: number; buffer: string });
      default:
        return `the app answers ${cmd}`;
    }
  }

  async #spawn({ program, args, options, onEvent }: Spawn): Promise<number | undefined> {
    this.spawned.push({ program, args, options });
    const child = this.#processes.start();
    let index = 0;
    const emit = (event: string, payload: unknown): void =>
      runCallback(onEvent.id, { index: index++, message: { event, payload } });
    let unfinished = '';
    follow(child, {
      receive: (text) => {
        // As the shell does: whole lines, each with its newline.
        const lines = (unfinished + text).split(/(?<=\n)/);
        unfinished = lines.at(-1)?.endsWith('\n') ? '' : (lines.pop() ?? '');
        lines.forEach((line) => emit('Stdout', line));
      },
      end: () => emit('Terminated', { code: child.exitCode, signal: null }),
    });
    await once(child, 'spawn');
    return child.pid;
  }

  async #write({ pid, buffer }: { pid: number; buffer: string }): Promise<void> {
    const child = this.#processes.children.find((one) => one.pid === pid);
    if (child) {
      await write(child, buffer);
    }
  }
}

interface Internals {
  runCallback(id: number, message: unknown): void;
}

function runCallback(id: number, message: unknown): void {
  const { __TAURI_INTERNALS__: internals } = globalThis as unknown as { __TAURI_INTERNALS__: Internals };
  internals.runCallback(id, message);
}

function makeStorage(): Pick<Storage, 'getItem' | 'setItem'> {
  const items = new Map<string, string>();
  return { getItem: (key) => items.get(key) ?? null, setItem: (key, value) => void items.set(key, value) };
}

/** The real sidecar over real pipes: a transport that starts it, and lets a test see and disturb the conversation. */

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';

import { onTestFinished } from 'vitest';

import type { Listener, Pipe, Transport } from '../src/transport.js';
import { ROOT, type Places } from './places.js';

const PROGRAM = process.env['KIRAPILOT_SIDECAR'];

/** The sidecar: the program that KIRAPILOT_SIDECAR names, else the source at the root of the repository. */
export const SIDECAR = PROGRAM ? [PROGRAM, 'serve'] : ['python', '-m', 'sidecar', 'serve'];

/** The sidecar's server with further methods; `spin` reports once and works until it is cancelled. */
export const SLOW_JOBS = ['python', '-m', 'tests.support.slow_jobs'];

/** Starts `command`; keeps the children, and the lines written to them. */
export class Processes {
  readonly children: ChildProcess[] = [];
  readonly sent: string[] = [];
  readonly #places: Places;
  readonly #command: string[];

  constructor(places: Places, command = SIDECAR) {
    this.#places = places;
    this.#command = command;
    onTestFinished(async () => {
      await Promise.all(this.children.map(end));
    });
  }

  /** The transport; `cut` decides in which pieces the output arrives. */
  transport(cut: (text: string) => string[] = (text) => [text]): Transport {
    return async (listener) => {
      const child = this.start();
      follow(child, { ...listener, receive: (text) => cut(text).forEach(listener.receive) });
      await once(child, 'spawn');
      return { write: (line) => this.#write(child, line) };
    };
  }

  /** A child of the command, with piped input and output. */
  start(): ChildProcess {
    const [program, ...args] = this.#command;
    const child = spawn(program!, args, {
      cwd: ROOT,
      env: this.#places.environment,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    // A child that was killed cannot be written to; whoever writes is told by its callback.
    child.stdin?.on('error', () => undefined);
    this.children.push(child);
    return child;
  }

  /** Kill the youngest child, and what it has started: a frozen program's real process is a child of its own. */
  kill(): void {
    const child = this.children.at(-1);
    for (const pid of startedBy(child?.pid)) {
      process.kill(pid, 'SIGKILL');
    }
    child?.kill('SIGKILL');
  }

  /** The requests for `method` that were sent. */
  requests(method: string): number {
    return this.sent.filter((line) => (JSON.parse(line) as { method: string }).method === method).length;
  }

  async #write(child: ChildProcess, line: string): ReturnType<Pipe['write']> {
    this.sent.push(line);
    await write(child, line);
  }
}

/** The processes that a process has started, where the system tells. */
function startedBy(pid: number | undefined): number[] {
  const children = `/proc/${pid}/task/${pid}/children`;
  return existsSync(children) ? (readFileSync(children, 'utf8').match(/\d+/g) ?? []).map(Number) : [];
}

/** Hand over what a child writes, decoded, and then its end. */
export function follow(child: ChildProcess, listener: Listener): void {
  child.stdout?.setEncoding('utf8').on('data', (text: string) => listener.receive(text));
  child.on('close', () => listener.end());
}

/** Write to a child; rejects if it cannot be written to. */
export function write(child: ChildProcess, line: string): Promise<void> {
  return new Promise((resolve, reject) => child.stdin?.write(line, (error) => (error ? reject(error) : resolve())));
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
    const closed = once(child, 'close');
    // A frozen program's real process outlives its parent until the end of its input.
    child.stdin?.end();
    child.kill('SIGKILL');
    await closed;
  }
}

/** What carries the lines: implemented for the Tauri shell in shell.ts, and wherever else a process can be started. */

/** Starts one sidecar, and tells `listener` what becomes of it. Rejects if there is none to start. */
export type Transport = (listener: Listener) => Promise<Pipe>;

/** The side that is told. */
export interface Listener {
  /** Some of the sidecar's standard output, decoded; cut anywhere. */
  receive(text: string): void;
  /** The sidecar has ended, and all of its output was received. May come before the start has resolved. */
  end(): void;
}

/** The sidecar's standard input. */
export interface Pipe {
  /** Write one line, newline included. Rejects if the sidecar is gone. */
  write(line: string): Promise<void>;
}

/** The line that asks a sidecar to cancel what it does, and to leave: not every transport can close its input. */
export const EXIT = '{"jsonrpc":"2.0","method":"exit"}\n';

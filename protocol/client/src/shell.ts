/**
 * The sidecar as a child of the Tauri shell, by way of its shell plugin.
 *
 * The plugin cannot close a child's input, so a child is asked to leave by the method `exit`. A reload of the page
 * forgets the child but does not end it: its id is kept in sessionStorage, and the next child's start dismisses it.
 */

import { Child, Command, type SpawnOptions } from '@tauri-apps/plugin-shell';

import { EXIT, type Transport } from './transport.js';

/** What to start; the page's capability must allow exactly this. */
export interface ShellOptions {
  /** The sidecar's name in `externalBin`; binaries/kirapilot-sidecar unless given. */
  program?: string;
  /** Its arguments; `serve` unless given. */
  args?: string[];
  /** Working directory and environment. */
  spawn?: SpawnOptions;
}

const REMEMBERED = 'kirapilot-sidecar-pid';

/** Starts sidecars through the Tauri shell. */
export function shellTransport(options: ShellOptions = {}): Transport {
  return async (listener) => {
    await dismissFormerChild();
    const command = makeCommand(options);
    command.stdout.on('data', (line) => listener.receive(line));
    command.on('close', () => listener.end());
    // The plugin has stopped reading: nothing more will be heard of the child.
    command.on('error', () => listener.end());
    const child = await command.spawn();
    storage()?.setItem(REMEMBERED, String(child.pid));
    return child;
  };
}

function makeCommand(options: ShellOptions): Command<string> {
  const { program = 'binaries/kirapilot-sidecar', args = ['serve'], spawn } = options;
  // Copies: the plugin freezes the one and changes the other.
  return Command.sidecar(program, [...args], { ...spawn });
}

async function dismissFormerChild(): Promise<void> {
  const pid = storage()?.getItem(REMEMBERED);
  if (pid) {
    // It may be gone already.
    await new Child(Number(pid)).write(EXIT).catch(() => undefined);
  }
}

function storage(): Storage | undefined {
  return (globalThis as { sessionStorage?: Storage }).sessionStorage;
}

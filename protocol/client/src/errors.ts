/** The one error of this package: whatever the sidecar answers, and what can go wrong on the way to it. */

import type { ErrorData, ErrorKind, RefusedRows } from './types.js';

/** Errors that no sidecar told: it could not be started, or it ended before it answered. */
export type ConnectionErrorKind = 'sidecar_unavailable' | 'sidecar_ended';

/** Code of the errors that no sidecar told: none of its own is -1. */
const NOT_TOLD = -1;

/** The error member of a JSON-RPC response. */
export interface WireError {
  code: number;
  message: string;
  data?: ErrorData;
}

/** A failed call. `message` is for the user as it stands; `kind` is for code. */
export class SidecarError extends Error {
  override readonly name = 'SidecarError';
  readonly code: number;
  readonly kind: ErrorKind | ConnectionErrorKind;
  readonly hint: string;
  readonly path: string | undefined;
  readonly detail: string | undefined;
  /** True if a salvage would get something out of the backup: ask, preview it with `salvage: true`, then import. */
  readonly salvage: boolean;
  /** Rows of a sound backup that the database refuses by a rule of its own; empty where it is about nothing of that kind. */
  readonly refused: RefusedRows[];

  constructor({ code, message, data }: WireError) {
    super(message);
    this.code = code;
    this.kind = (data?.kind ?? 'internal_error') as ErrorKind;
    this.hint = data?.hint ?? '';
    this.path = data?.path ?? undefined;
    this.detail = data?.detail ?? undefined;
    this.salvage = data?.salvage ?? false;
    this.refused = data?.refused ?? [];
  }
}

/** For calls that the sidecar did not live to answer: it leaves data and files old or new, never between. */
export function sidecarEnded(): SidecarError {
  const message =
    'The backup file is not to blame: the backup tool stopped before it answered. ' +
    'What it was doing is done completely or not at all. Look at your data, then try again.';
  return untold('sidecar_ended', message, 'Look at your data, then try again.');
}

/** For calls whose sidecar could not be started. */
export function sidecarUnavailable(cause: unknown): SidecarError {
  const detail = cause instanceof Error ? cause.message : String(cause);
  const message = `Nothing was changed: the backup tool could not be started (${detail}). Install KiraPilot again.`;
  return untold('sidecar_unavailable', message, 'Install KiraPilot again.', detail);
}

/** For a caller that gives up while others still wait for the same call. */
export function leftToOthers(): SidecarError {
  const message = 'Cancelled here only: the same request goes on for another caller.';
  return cancelled(message, 'Cancel it there, too, or wait for it.');
}

/** For a caller that had given up before it called. */
export function cancelledBefore(): SidecarError {
  return cancelled('Cancelled. Everything is as it was before.', 'Start again when you like.');
}

function cancelled(message: string, hint: string): SidecarError {
  return new SidecarError({ code: -32800, message, data: { kind: 'cancelled', hint } });
}

function untold(kind: ConnectionErrorKind, message: string, hint: string, detail?: string): SidecarError {
  return new SidecarError({ code: NOT_TOLD, message, data: { kind, hint, detail: detail ?? null } });
}

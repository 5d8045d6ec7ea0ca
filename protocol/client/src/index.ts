/** Client of KiraPilot's backup sidecar. Transports: ./shell for the Tauri shell, or one of your own. */

export {
  SidecarClient,
  type CompareChoice,
  type ConflictsChoice,
  type ExportChoice,
  type ImportChoice,
  type MethodName,
  type PageChoice,
  type ParamsOf,
  type PreviewChoice,
  type UndoChoice,
} from './client.js';
export type { CallOptions } from './connection.js';
export { SidecarError, type ConnectionErrorKind } from './errors.js';
export type { ProgressListener } from './session.js';
export { putSettings, readSettings, SETTINGS_KEYS, type Settings } from './settings.js';
export { EXIT, type Listener, type Pipe, type Transport } from './transport.js';
export type * from './types.js';

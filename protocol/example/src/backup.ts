/**
 * The calls. Three are the app's own commands, as KiraPilot's frontend makes them: they reject with a plain string, made
 * to be shown, and what else is known of the failure comes by an event. The others are those of the plugin, which
 * reject with all of it.
 */

import { invoke } from '@tauri-apps/api/core';
import { listen } from '@tauri-apps/api/event';
import { getCurrentWindow } from '@tauri-apps/api/window';

import type {
  AutomaticBackup,
  BackupList,
  BackupMetadata,
  BackupStatus,
  BackupValidationResult,
  Change,
  ClearResult,
  Conflict,
  Conflicts,
  DatabaseCheck,
  Difference,
  DifferencePage,
  ExportResult,
  Found,
  ImportPreview,
  ImportResult,
  Keep,
  ManualBackup,
  Noted,
  Policy as PolicyParam,
  Report,
  RefusedRows,
  RunResult,
  SafetyCopyState,
  SalvageReport,
  Searched,
  SelectedTable,
  Selection,
} from '../../client/src/types';

export type {
  AutomaticBackup,
  BackupList,
  BackupMetadata,
  BackupStatus,
  Change,
  ClearResult,
  Conflict,
  DatabaseCheck,
  Difference,
  Found,
  ImportPreview,
  ManualBackup,
  SafetyCopyState,
  SalvageReport,
  Searched,
  SelectedTable,
  Selection,
};

/** The import's result, without `settings`: those are in localStorage already. */
export type Imported = Omit<ImportResult, 'settings'> & { settings_restored?: boolean };

/** What went wrong: a sentence to be shown as it is, and what code may go by. */
export interface Failure {
  message: string;
  /** The sidecar's word for it, see ERRORS.md; '' where nothing more is known. */
  kind: string;
  /** What to do, in a few words. */
  hint: string;
  path?: string;
  detail?: string;
  /** Whether an import with `salvage` would get something out of the backup that was refused. */
  salvage: boolean;
  /** Rows of a sound backup that the database refuses. */
  refused?: RefusedRows[];
}

/** Which of two rows that differ stays: today's, the backup's, the one that was changed later, or both. */
export type Winner = 'mine' | 'theirs' | 'newer' | 'both';

/** How a backup is brought in: in place of what is here, or beside it; what can be saved of a damaged one; or a part. */
export interface How {
  overwrite: boolean;
  salvage?: boolean;
  selection?: Selection;
  onConflict?: Winner;
  /** What stays of single conflicts, by the numbers of a preview. */
  conflictChoices?: ConflictChoice[];
}

export interface ConflictChoice {
  first: number;
  keep: Winner;
}

export const exportData = (filePath: string) => reasoned<ExportResult>('export_data_to_file', { filePath });

/** Does what the preview with this token has said, or refuses with `changed_since_preview`. */
export const importData = (filePath: string, how: How, previewToken: string) =>
  reasoned<Imported>('import_data_from_file', { filePath, ...how, previewToken });

export const validate = (filePath: string) =>
  reasoned<BackupValidationResult>('validate_backup_comprehensive', { filePath });

/** `previewToken` is of the preview that has numbered the conflicts which `how` chooses among. */
export const preview = (filePath: string, how: How, previewToken?: string) =>
  invoke<ImportPreview>('plugin:kirapilot-backup|preview_import', { filePath, ...how, previewToken });

export const cancel = () => invoke<number>('plugin:kirapilot-backup|cancel');

export const undoLastImport = () => invoke<Imported>('plugin:kirapilot-backup|undo_last_import');

export const listBackups = () => invoke<BackupList>('plugin:kirapilot-backup|list_backups');

/** Rows that one answer may hold. */
export const MOST = 10_000;

/** How a backup differs from the data as it is now: `MOST` of the rows, from `start` on. */
export const compareWithNow = (filePath: string, start: number) =>
  invoke<Difference>('plugin:kirapilot-backup|compare_backups', { left: filePath, right: 'now', start, count: MOST });

/** Conflicts of the preview with this token, `count` of them from number `from` on. */
export const conflicts = (token: string, from: number, count: number) =>
  invoke<Conflicts>('plugin:kirapilot-backup|conflicts', { token, from, count });

/** Writes that difference as a page; one that is there already makes way: the dialog has asked. */
export const writeDifference = (filePath: string, target: string) =>
  invoke<DifferencePage>('plugin:kirapilot-backup|write_difference', { left: filePath, right: 'now', target, force: true });

export const findInBackups = (query: string) =>
  invoke<Searched>('plugin:kirapilot-backup|find_in_backups', { query });

/** A policy as it is answered: nothing of it is left out. */
export type Policy = Required<Omit<PolicyParam, 'places'>> & { places: Array<{ path: string; keep: Required<Keep> }> };

export interface PolicyFile {
  policy: Policy;
  remark: string;
}

export const getPolicy = () => invoke<PolicyFile>('plugin:kirapilot-backup|get_backup_policy');

export const setPolicy = (policy: Policy) =>
  invoke<PolicyFile>('plugin:kirapilot-backup|set_backup_policy', { policy });

export const backUpNow = () =>
  invoke<RunResult>('plugin:kirapilot-backup|run_backup_if_due', { trigger: 'manual' });

export const acceptHold = () => invoke<unknown>('plugin:kirapilot-backup|accept_backup_hold');

/** Pins a backup, or puts a note to it, in all its places. */
export const noteBackup = (number: number, kept: { note?: string; pinned?: boolean }) =>
  invoke<Noted>('plugin:kirapilot-backup|note_backup', { number, ...kept });

/** What the app's own `clear_all_data` does, which answers the message alone. */
export const clearAll = () => invoke<ClearResult>('plugin:kirapilot-backup|clear_all');

/** Looks at the live database; for its size alone a quick look will do. */
export const checkDatabase = () =>
  invoke<DatabaseCheck>('plugin:kirapilot-backup|check_database', { quick: true });

/** A line to be typed once the app is closed. */
export interface CommandLine {
  line: string;
  /** What it is typed into: "PowerShell", or "a terminal". */
  shell: string;
  /** Whether the program is still there then. */
  lasts: boolean;
}

export const compactCommand = () => invoke<CommandLine>('plugin:kirapilot-backup|compact_command');

export const backupStatus = () => invoke<BackupStatus>('plugin:kirapilot-backup|backup_status');

/** Whatever a call was rejected with, as a failure. */
export function failureOf(reason: unknown): Failure {
  if (typeof reason === 'object' && reason !== null && 'kind' in reason) return reason as Failure;
  return { message: String(reason), kind: '', hint: '', salvage: false };
}

/** How long the event about a failure may take to come after the rejection, in milliseconds. */
const EVENT_PATIENCE = 1000;

/** Calls one of the app's own commands; a rejection is the failure that the event `finished` tells of. */
async function reasoned<T>(command: string, params: { filePath: string; previewToken?: string } & Partial<How>) {
  let tell: (failure: Failure | undefined) => void;
  const told = new Promise<Failure | undefined>((resolve) => (tell = resolve));
  const stop = await onFinished((end) => {
    if (end.command === command && end.filePath === params.filePath) tell(end.error);
  });
  try {
    return await invoke<T>(command, { ...params });
  } catch (sentence) {
    const late = new Promise<undefined>((resolve) => setTimeout(resolve, EVENT_PATIENCE));
    throw (await Promise.race([told, late])) ?? failureOf(sentence);
  } finally {
    stop();
  }
}

/** A report on a command of whatever page: after a reload, too. */
export type Progress = Report & { command: string; filePath?: string };

export interface Finished {
  command: string;
  filePath?: string;
  succeeded: boolean;
  error?: Failure;
}

export const onProgress = (handler: (progress: Progress) => void) =>
  listen<Progress>('kirapilot-backup://progress', ({ payload }) => handler(payload));

export const onFinished = (handler: (finished: Finished) => void) =>
  listen<Finished>('kirapilot-backup://finished', ({ payload }) => handler(payload));

/** The automatic backups may be otherwise than before. */
export const onStatus = (handler: (status: BackupStatus) => void) =>
  listen<BackupStatus>('kirapilot-backup://status', ({ payload }) => handler(payload));

/** Another window has imported a backup: what this one shows is old. */
export const onRestored = (handler: () => void) =>
  listen<{ window: string }>('kirapilot-backup://restored', ({ payload }) => {
    if (payload.window !== getCurrentWindow().label) handler();
  });

/** What the guide's dialogs show of a backup. */
export function countsOf(metadata: BackupMetadata): Array<[string, number]> {
  return [
    ['Tasks', metadata.task_count],
    ['Time sessions', metadata.session_count],
    ['AI conversations', metadata.ai_interaction_count],
    ['Dependencies', metadata.dependency_count],
    ['Periodic templates', metadata.periodic_template_count],
  ];
}

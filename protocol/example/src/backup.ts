/**
 * The calls, as KiraPilot's frontend makes them. The first four are the app's own commands; the others are those of
 * the plugin. All of them reject with a plain string, made to be shown.
 */

import { invoke } from '@tauri-apps/api/core';
import { listen } from '@tauri-apps/api/event';
import { getCurrentWindow } from '@tauri-apps/api/window';

import type {
  BackupList,
  BackupMetadata,
  BackupValidationResult,
  ExportResult,
  ImportPreview,
  ImportResult,
  Report,
  SafetyCopyState,
} from '../../client/src/types';

export type { BackupMetadata, ImportPreview, SafetyCopyState };

/** The import's result, without `settings`: those are in localStorage already. */
export type Imported = Omit<ImportResult, 'settings'> & { settings_restored?: boolean };

export const exportData = (filePath: string) => invoke<ExportResult>('export_data_to_file', { filePath });

export const importData = (filePath: string) =>
  invoke<Imported>('import_data_from_file', { filePath, overwrite: true });

export const validate = (filePath: string) =>
  invoke<BackupValidationResult>('validate_backup_comprehensive', { filePath });

export const preview = (filePath: string) =>
  invoke<ImportPreview>('plugin:kirapilot-backup|preview_import', { filePath, overwrite: true });

export const cancel = () => invoke<number>('plugin:kirapilot-backup|cancel');

export const undoLastImport = () => invoke<Imported>('plugin:kirapilot-backup|undo_last_import');

export const listBackups = () => invoke<BackupList>('plugin:kirapilot-backup|list_backups');

/** A report on a command of whatever page: after a reload, too. */
export type Progress = Report & { command: string; filePath?: string };

export interface Finished {
  command: string;
  filePath?: string;
  succeeded: boolean;
}

export const onProgress = (handler: (progress: Progress) => void) =>
  listen<Progress>('kirapilot-backup://progress', ({ payload }) => handler(payload));

export const onFinished = (handler: (finished: Finished) => void) =>
  listen<Finished>('kirapilot-backup://finished', ({ payload }) => handler(payload));

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

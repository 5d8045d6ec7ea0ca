/** The jobs as typed methods: names for people, with the wire's own params and results. */

import { Connection, type CallOptions } from './connection.js';
import type { Transport } from './transport.js';
import type {
  BackupList,
  BackupMetadata,
  BackupSummary,
  BackupValidationResult,
  CompactResult,
  Conflicts,
  DatabaseCheck,
  Difference,
  DifferencePage,
  ExportResult,
  ImportPreview,
  ImportResult,
  Methods,
  Pong,
  RepairResult,
  ReportPage,
  Searched,
  UndoResult,
} from './types.js';

/** Names of the methods. */
export type MethodName = keyof Methods;

/** What a method takes; the progress token is the connection's affair. */
export type ParamsOf<M extends MethodName> = Omit<Methods[M]['params'], 'progressToken'>;

/** What to export besides the database: the frontend's settings, see readSettings. */
export type ExportChoice = Omit<ParamsOf<'export_data_to_file'>, 'filePath'>;

/** How to import, besides the file: `overwrite` true replaces, false merges. */
export type ImportChoice = Omit<ParamsOf<'import_data_from_file'>, 'filePath'>;

/** The same for a preview. */
export type PreviewChoice = Omit<ParamsOf<'preview_import'>, 'filePath'>;

/** Which of the rows that differ are told of: `count` of them, from `start` on. */
export type CompareChoice = Omit<ParamsOf<'compare_backups'>, 'left' | 'right'>;

/** Which of the rows that differ a page shows, and whether it may take the place of another one. */
export type PageChoice = Omit<ParamsOf<'write_difference'>, 'left' | 'right' | 'target'>;

/** Which conflicts of a preview are shown: `count` of them, from number `from` on. */
export type ConflictsChoice = Omit<ParamsOf<'conflicts'>, 'token'>;

/** What an undo may take: the frontend's settings, see readSettings, and which copy is put back, else the newest. */
export type UndoChoice = ParamsOf<'undo_last_import'>;

/** KiraPilot's backup sidecar. Every method rejects with a SidecarError, whose message is for the user. */
export class SidecarClient {
  readonly #connection: Connection;

  constructor(transport: Transport) {
    this.#connection = new Connection(transport);
  }

  /** Write all data into a backup file; an older file there is replaced when the new one is whole. */
  exportData(filePath: string, choice: ExportChoice = {}, options?: CallOptions): Promise<ExportResult> {
    return this.call('export_data_to_file', { filePath, ...choice }, options);
  }

  /** Bring a backup into the database: all of it, or nothing. Its settings are in the answer, for putSettings. */
  importData(filePath: string, choice: ImportChoice, options?: CallOptions): Promise<ImportResult> {
    return this.call('import_data_from_file', { filePath, ...choice }, options);
  }

  /** Check a backup; rejects with the first error found. */
  validateBackup(filePath: string, options?: CallOptions): Promise<BackupMetadata> {
    return this.call('validate_backup_file', { filePath }, options);
  }

  /** Check a backup and list everything found; rejects only when it could not check at all. */
  validateComprehensive(filePath: string, options?: CallOptions): Promise<BackupValidationResult> {
    return this.call('validate_backup_comprehensive', { filePath }, options);
  }

  /** Tell what an import would do, and change nothing. */
  previewImport(filePath: string, choice: PreviewChoice, options?: CallOptions): Promise<ImportPreview> {
    return this.call('preview_import', { filePath, ...choice }, options);
  }

  /** Show the rows of a previewed merge that differ from today's, by their numbers; `token` is the preview's. */
  conflicts(token: string, choice: ConflictsChoice = {}, options?: CallOptions): Promise<Conflicts> {
    return this.call('conflicts', { token, ...choice }, options);
  }

  /** Put back what the last import replaced, from the safety copy it made; a second undo undoes the first. */
  undoLastImport(choice: UndoChoice = {}, options?: CallOptions): Promise<UndoResult> {
    return this.call('undo_last_import', { ...choice }, options);
  }

  /** List the safety copies that imports have made, the newest first. */
  listBackups(options?: CallOptions): Promise<BackupList> {
    return this.call('list_backups', {}, options);
  }

  /** Tell what a backup says of itself, without judging it. */
  inspectBackup(filePath: string, options?: CallOptions): Promise<BackupSummary> {
    return this.call('inspect_backup', { filePath }, options);
  }

  /** Tell how two states of the data differ; a side is a path, a number of the list, a safety copy's name, or "now". */
  compareBackups(left: string, right: string, choice: CompareChoice = {}, options?: CallOptions): Promise<Difference> {
    return this.call('compare_backups', { left, right, ...choice }, options);
  }

  /** Tell in which backups a task stands, since when, until when: by a text, or with `byId` by its id. */
  findInBackups(query: string, choice: { byId?: boolean } = {}, options?: CallOptions): Promise<Searched> {
    return this.call('find_in_backups', { query, ...choice }, options);
  }

  /** Tell what is wrong with the live database, what it means and what mends it; changes nothing. */
  checkDatabase(choice: { quick?: boolean } = {}, options?: CallOptions): Promise<DatabaseCheck> {
    return this.call('check_database', choice, options);
  }

  /** Mend what a check found, after a safety copy; or with `dryRun` tell what it would do. undoLastImport takes it back. */
  repairDatabase(choice: ParamsOf<'repair_database'>, options?: CallOptions): Promise<RepairResult> {
    return this.call('repair_database', choice, options);
  }

  /** Make the database's file as small as what it holds, if no other program has it open. */
  compactDatabase(choice: { force?: boolean } = {}, options?: CallOptions): Promise<CompactResult> {
    return this.call('compact_database', choice, options);
  }

  /** Write what a backup holds, or "now", as one HTML page. */
  writeReport(backup: string, target: string, choice: { force?: boolean } = {}, options?: CallOptions): Promise<ReportPage> {
    return this.call('write_report', { backup, target, ...choice }, options);
  }

  /** Write how two states of the data differ as one HTML page. */
  writeDifference(
    left: string,
    right: string,
    target: string,
    choice: PageChoice = {},
    options?: CallOptions,
  ): Promise<DifferencePage> {
    return this.call('write_difference', { left, right, target, ...choice }, options);
  }

  /** Ask for a sign of life, answered even while a job runs. */
  ping(options?: CallOptions): Promise<Pong> {
    return this.call('ping', {}, options);
  }

  /** Cancel what runs, and let the sidecar leave; resolves when it has. A later call starts another one. */
  close(): Promise<void> {
    return this.#connection.close();
  }

  /** Call a method by its name on the wire. */
  call<M extends MethodName>(method: M, params: ParamsOf<M>, options?: CallOptions): Promise<Methods[M]['result']> {
    return this.#connection.call(method, params, options) as Promise<Methods[M]['result']>;
  }
}

// Made by `python -m sidecar.description.openrpc --write protocol` from the code: change that, not this file.

/**
 * One backup that was made by itself, in one `place`; its copies in other places have the same `number`. `why` says
 * what made it due, `app_version` is the app's as it said itself; `size` is in bytes. `proved` is when every byte
 * was last found right, null for never; `rotten` says what is wrong with it, "" for nothing. `present` is false
 * while its place is not there: a disk that is unplugged. A pinned one never goes by itself.
 */
export interface AutomaticBackup {
  number: number;
  path: string;
  place: string;
  present: boolean;
  made: string;
  why: string;
  app_version: string;
  rows: Record<string, number>;
  size: number;
  proved: string | null;
  rotten: string;
  pinned: boolean;
  note: string;
}

/**
 * The safety copies of the database in force, the newest first, and their folder, which need not exist. Besides,
 * the backups made by themselves, the newest first, and those that lie in their places and are none of them.
 * `wrecks` are the broken databases that restores have set aside, and safety copies that are databases, the newest
 * first; none is ever removed. `others` are the paths of copies and wrecks of other databases in this one's folder,
 * the newest first.
 */
export interface BackupList {
  folder: string;
  backups: Array<SafetyCopyState>;
  automatic: Array<AutomaticBackup>;
  manual: Array<ManualBackup>;
  wrecks: Array<WreckState>;
  others: Array<string>;
}

/** Version, time (RFC 3339, UTC) and the five counts that the frontend shows. */
export interface BackupMetadata {
  version: string;
  created_at: string;
  task_count: number;
  session_count: number;
  ai_interaction_count: number;
  dependency_count: number;
  periodic_template_count: number;
}

/** All places, and the worst that is to be said of them: `state` may also be "held". */
export interface BackupStatus {
  state: string;
  enabled: boolean;
  places: Array<PlaceHealth>;
  last: string | null;
  next_due: string | null;
  failure: Failure | null;
  hold: Hold | null;
  warnings: Array<string>;
}

/**
 * What is in an archive, as it says of itself, without judging it. `writer` is who made it ("kirapilot" for the
 * shipped app); `revision` its manifest's, null without one; `migrations` those of the database it was made from;
 * `tables` the rows per table. `form` is what was given: "archive", "database" or "json" (then `entries` is empty);
 * `warnings` say what of the file is no part of it. `partial`, since 1.1, says of a backup of a part of the data
 * which part, in words; `selection` by which criteria, as an export was given them. Both are null for a whole one.
 */
export interface BackupSummary {
  version: string;
  created_at: string;
  task_count: number;
  session_count: number;
  ai_interaction_count: number;
  dependency_count: number;
  periodic_template_count: number;
  path: string;
  size: number;
  writer: string;
  generation: string;
  revision: number | null;
  migrations: Array<string>;
  tables: Record<string, number>;
  entries: Array<EntrySummary>;
  settings: Array<string>;
  form: string;
  warnings: Array<string>;
  partial: string | null;
  selection: Record<string, unknown> | null;
}

/** At most 15 lines each of errors and warnings; `problems` holds the first 100 of each, structured. */
export interface BackupValidationResult {
  is_valid: boolean;
  errors: Array<string>;
  warnings: Array<string>;
  metadata: BackupMetadata | null;
  problems: Array<Problem>;
  error_count: number;
  warning_count: number;
}

/** A field that differs: the database's value, and the backup's. */
export interface BothValues {
  mine: string | number | null;
  theirs: string | number | null;
}

/** What the sidecar can do: its methods by name, progress, and cancellation. */
export interface Capabilities {
  methods: Array<string>;
  progress: boolean;
  cancel: boolean;
}

/**
 * One row that differs: "added" (on the right side only), "removed" (on the left only) or "changed". `label` is
 * what a person knows the row by, `task_list` the name of its list. `day` is the one by which a selection of days
 * finds the row, of the left side where that has it: begun, else made, on it (UTC). `fields` are the columns that
 * differ, each with its left and its right value.
 */
export interface Change {
  table: string;
  change: string;
  id?: string | null;
  label?: string | null;
  task_list?: string | null;
  day?: string | null;
  fields?: Record<string, Values>;
}

/** What was re-read, those longest not looked at first; `left` is how many wait for a later run. */
export interface CheckResult {
  checked: Array<Checked>;
  left: number;
}

/** One backup: `outcome` is "fine", "rotten" or "not_tried" (with the reason in `detail`). */
export interface Checked {
  path: string;
  outcome: string;
  detail: string;
}

/** What becomes of some conflicts, by their numbers: of `first` alone, or of all from `first` to `last`. */
export interface Choice {
  first: number;
  last?: number | null;
  keep: "both" | "mine" | "newer" | "theirs";
}

/**
 * What was cleared: `tables` holds the rows that went, for each table that had any. `message` tells all of it, made
 * to be shown. `safety_copy` is the backup of what was there, which an undo puts back; null where there was
 * nothing. `backup` is the automatic one, made or found to be current just before; null where the policy asks for
 * none, or it failed, which `warnings` tells.
 */
export interface ClearResult {
  message: string;
  tables: Record<string, number>;
  safety_copy: string | null;
  backup: string | null;
  warnings: Array<string>;
}

/**
 * What compacting did: the size of the file `before` and `after`, in bytes, and how many were `free`. `compacted`
 * is false where too little would have been gained: then nothing was done. `tables` is the rows of each table that
 * were compared, value by value, before and after.
 */
export interface CompactResult {
  path: string;
  compacted: boolean;
  before: number;
  after: number;
  free: number;
  tables: Record<string, number>;
}

/**
 * One side of a comparison: the name it was asked for by, the file it is, and when that was made, if it says so.
 * `partial` says of a backup of a part of the data which part: what it does not hold may have been there.
 */
export interface ComparedSide {
  name: string;
  path: string;
  created_at: string;
  rows: number;
  partial: string | null;
}

/**
 * Two rows of one id that differ, by the number that the preview gave them. `label` is what a person knows the
 * database's row by, `task_list` the name of its list; null where there is none. `fields` are the columns that
 * differ. `newer` is "mine", "theirs" or, for two rows of one moment, "tie"; null where neither tells of any.
 * `stays` is what the import that was previewed does: "mine", "theirs" or "both". `reason` says why the database's
 * row stays though another was asked for, as `left_out` of the table does; null elsewhere.
 */
export interface Conflict {
  number: number;
  table: string;
  id: string | null;
  label: string | null;
  task_list: string | null;
  newer: string | null;
  stays: string;
  reason: string | null;
  fields: Record<string, BothValues>;
}

/** Some of the conflicts of a preview, in the order of their numbers, which go from 1 to `total`. */
export interface Conflicts {
  token: string;
  total: number;
  conflicts: Array<Conflict>;
}

/**
 * What a check found: `state` is "healthy", "findings" or "damaged"; notes alone leave a database healthy.
 * `findings` holds the first 100 of each code, `counts` says how many there are of each. `tables` is the rows per
 * table, empty where the file is damaged. `size` is of the file, `free` of its pages that hold nothing, both in
 * bytes.
 */
export interface DatabaseCheck {
  path: string;
  state: string;
  quick: boolean;
  findings: Array<Finding>;
  counts: Record<string, number>;
  tables: Record<string, number>;
  size: number;
  free: number;
}

/** How two states of the data differ: counts for each table, and a page of the rows, `start` being its first. */
export interface Difference {
  left: ComparedSide;
  right: ComparedSide;
  identical: boolean;
  tables: Record<string, TableDifference>;
  changes: Array<Change>;
  start: number;
  total: number;
  warnings: Array<string>;
}

/** The page about a difference: whether there is one, how many rows differ, and how many of them it shows. */
export interface DifferencePage {
  path: string;
  size: number;
  cut: Array<string>;
  identical: boolean;
  total: number;
  shown: number;
}

/** A restore that was tried on a throw-away database: `outcome` is "fine", "rotten" or "not_tried". */
export interface Drill {
  when: string;
  name: string;
  outcome: string;
  detail: string;
}

/** The drill of each place. */
export interface DrillResult {
  places: Array<PlaceDrill>;
}

/** One entry of an archive: its name, its bytes unpacked and packed, its records (null for a single object). */
export interface EntrySummary {
  name: string;
  size: number;
  packed: number;
  rows: number | null;
}

/**
 * The data of every error: its kind, what to do, and the path and the detail of its message, where known. `salvage`
 * is true where an import with `salvage` would get something out of the backup that was refused. `refused`, since
 * protocol version 1.1, is there where the database refuses rows of the backup.
 */
export interface ErrorData {
  kind: string;
  hint: string;
  path?: string | null;
  detail?: string | null;
  salvage?: boolean;
  refused?: Array<RefusedRows> | null;
}

/** One row behind a count of a preview: its id, a name a person knows it by, and why, if left out. */
export interface Example {
  action: string;
  id: string | null;
  label?: string | null;
  reason?: string | null;
}

/**
 * BackupMetadata, and where the archive lies, its size in bytes, rows per table, and what to know of it. `older` is
 * the path of the backup that lay there before, where it was kept since it holds far more; else null. `readable` is
 * what could be read of a damaged database, per table; null where the backup holds everything. `selected`, since
 * 1.1: of an export of a part of the data, the rows of each table that were chosen, and brought along; else null.
 */
export interface ExportResult {
  version: string;
  created_at: string;
  task_count: number;
  session_count: number;
  ai_interaction_count: number;
  dependency_count: number;
  periodic_template_count: number;
  path: string;
  size: number;
  tables: Record<string, number>;
  warnings: Array<string>;
  older: string | null;
  readable: Record<string, ReadableTable> | null;
  selected: Record<string, SelectedTable> | null;
}

/** What went wrong, when, and in which words for the user. */
export interface Failure {
  when: string;
  kind: string;
  message: string;
}

/**
 * One thing about the database that is not as it should be, or that is good to know. `severity` is "damage" (rows
 * are in doubt), "fault" or "note" (nothing has to be done). `remedy` is what mends it: "repair", "import" (of a
 * backup), "compact" (with force), "app" (by itself, at its next start) or "none". `message` tells both to a
 * person. `target` is what a reference leads to; `label` what a person knows the row by; `detail` what SQLite says,
 * the name of an index, how many pages, or since when a timer runs.
 */
export interface Finding {
  code: string;
  severity: string;
  remedy: string;
  message: string;
  table?: string | null;
  id?: string | null;
  rowid?: number | null;
  column?: string | null;
  target?: string | null;
  label?: string | null;
  detail?: string | null;
}

/**
 * One task that was looked for, or another row; `table` says of which type it is. `vanished`: the time of the first
 * backup in which it stood no more, else null.
 */
export interface Found {
  id: string;
  title: string;
  versions: Array<Version>;
  vanished: string | null;
  in_database: boolean;
  table: string;
}

/** Why nothing is removed until a person has looked: `detail` says which tables shrank, and how far. */
export interface Hold {
  since: string;
  detail: string;
}

/** The hold that was lifted; null where there was none. */
export interface HoldAnswer {
  lifted: Hold | null;
}

/**
 * What an import would do: BackupMetadata of the archive, and per table the account and some examples. `token`
 * stands for all of it: an import that is given it as `previewToken` does this, or refuses. `partial`, since 1.1,
 * says of a backup of a part of the data which part, in words; it is null for a whole one. `conflicts`, since 1.1,
 * counts the rows of a merge that differ from the database's of the same id: their numbers are 1 to that.
 */
export interface ImportPreview {
  version: string;
  created_at: string;
  task_count: number;
  session_count: number;
  ai_interaction_count: number;
  dependency_count: number;
  periodic_template_count: number;
  overwrite: boolean;
  tables: Record<string, TableAccount>;
  examples: Record<string, Array<Example>>;
  warnings: Array<string>;
  salvage: SalvageReport | null;
  token: string;
  rescue: Rescue | null;
  selected: Record<string, SelectedTable> | null;
  partial: string | null;
  conflicts: number;
}

/**
 * What an import did: BackupMetadata of the archive, and the account per table. `safety_copy` is the path of the
 * backup of what was there before; null where nothing was changed, and where there was nothing sound: `wreck` is
 * then the path of the broken file's copy, null if there was none. `settings` are the frontend's, to be put into
 * localStorage as they are: key -> JSON value, with the device's own API keys in their places; null where the
 * backup has none. `partial` as in a preview.
 */
export interface ImportResult {
  version: string;
  created_at: string;
  task_count: number;
  session_count: number;
  ai_interaction_count: number;
  dependency_count: number;
  periodic_template_count: number;
  overwrite: boolean;
  tables: Record<string, TableAccount>;
  warnings: Array<string>;
  settings: Record<string, unknown> | null;
  safety_copy: string | null;
  salvage: SalvageReport | null;
  wreck: string | null;
  rescue: Rescue | null;
  selected: Record<string, SelectedTable> | null;
  partial: string | null;
}

/** Who answers, in which version of the protocol, and the places in force from now on. */
export interface Initialized {
  name: string;
  version: string;
  protocolVersion: string;
  capabilities: Capabilities;
  databasePath: string;
  workDir: string;
}

/**
 * How many backups a place keeps: all of the last `hours`, and the newest of so many days, weeks and months. `most`
 * bounds them all; the newest proved one and pinned ones stay whatever it says.
 */
export interface Keep {
  hours?: number;
  daily?: number;
  weekly?: number;
  monthly?: number;
  most?: number;
}

/** One record that a salvage left out: of which table, why, and its id and its index in the backup where known. */
export interface LeftOut {
  table: string;
  reason: string;
  id?: string | null;
  index?: number | null;
}

/**
 * A backup that somebody put into a place; it is never removed. `size` is in bytes; `partial`, since 1.1, says of
 * one that holds a part of the data which part.
 */
export interface ManualBackup {
  path: string;
  place: string;
  size: number;
  changed: string;
  partial: string | null;
}

/** What is kept with a backup now, in so many places. */
export interface Noted {
  number: number;
  note: string;
  pinned: boolean;
  places: number;
}

/** Rows of the database: those that meet each of the criteria that are given. */
export interface PartToExport {
  tables?: Array<string> | null;
  lists?: Array<string> | null;
  ids?: Array<string> | null;
  text?: string | null;
  since?: string | null;
  until?: string | null;
  subtasks?: "untied" | "with_parents";
}

/** A folder that backups are kept in: `path` is absolute, from home (`~/`), or from the database's folder. */
export interface Place {
  path: string;
  keep?: Keep;
}

/** The drill of one place; null where there is no proved backup to try. */
export interface PlaceDrill {
  path: string;
  drill: Drill | null;
}

/**
 * One place: `state` is "healthy", "stale", "failing" or "never"; `present` is false for an unplugged disk.
 * `newest` names its newest proved backup, made at `made`; `age_hours` counts from when it was last found to hold
 * what the database holds. `kept` is how many are whole there, `rotten` how many are not.
 */
export interface PlaceHealth {
  path: string;
  state: string;
  present: boolean;
  newest: string | null;
  made: string | null;
  age_hours: number | null;
  rows: Record<string, number>;
  size: number;
  kept: number;
  rotten: number;
  failure: Failure | null;
  drill: Drill | null;
}

/** What became of one place: `outcome` is "made", "copied", "current", "missing" or "failed". */
export interface PlaceOutcome {
  path: string;
  outcome: string;
  backup: string | null;
  warning: string;
}

/**
 * Whether and when a backup is due, and where it goes. `every` is the time between two; with `hours` it is so many
 * hours. `after_changes` is a number of commits that make one due sooner, 0 for none. `stale_hours` is the age from
 * which on the newest backup of a place counts as stale, 0 for three times what lies between two.
 */
export interface Policy {
  enabled?: boolean;
  every?: "daily" | "hours" | "monthly" | "weekly";
  hours?: number;
  after_changes?: number;
  before_update?: boolean;
  before_clear?: boolean;
  stale_hours?: number;
  drill?: boolean;
  places?: Array<Place>;
}

/** The policy in force, and what is to be told of its file: `remark` is "" where there is nothing. */
export interface PolicyFile {
  policy: Policy;
  path: string;
  exists: boolean;
  remark: string;
}

/** A sign of life. */
export interface Pong {
  version: string;
  pong: boolean;
}

/** One thing that is wrong with a backup: `severity` is "error" or "warning"; `index` counts records from 0. */
export interface Problem {
  severity: string;
  kind: string;
  message: string;
  table?: string | null;
  id?: string | null;
  index?: number | null;
  column?: string | null;
}

/** Params of the notification $/progress, which the sidecar sends about requests that carry a progressToken. */
export interface ProgressParams {
  token: string | number;
  value: Report;
}

/** A verdict on each automatic backup, by place and age, and the paths that were removed. */
export interface PruneResult {
  verdicts: Array<Verdict>;
  removed: Array<string>;
  held: string;
  warnings: Array<string>;
}

/**
 * One table of a damaged database: rows that could be read, and rows that are known to be lost; `lost` is null
 * where nothing tells how many.
 */
export interface ReadableTable {
  read: number;
  lost: number | null;
}

/**
 * Rows of a backup that the database refuses for one reason, in SQLite's words. `rows` is how many, null where it
 * could not be counted; `ids` are those of some.
 */
export interface RefusedRows {
  table: string;
  reason: string;
  rows: number | null;
  ids: Array<string>;
}

/**
 * One thing that a repair does: about the finding `code`, to one row or index. `action` is "rebuilt" (an index),
 * "removed", "untied", "moved", "chosen", "changed" or "filled"; the other fields are those of a finding, as it was
 * before.
 */
export interface Repair {
  code: string;
  action: string;
  message: string;
  table?: string | null;
  id?: string | null;
  rowid?: number | null;
  column?: string | null;
  target?: string | null;
  label?: string | null;
  detail?: string | null;
}

/**
 * What a repair did, or with `dry_run` would do: `repairs` holds the first 100 of each code, `counts` all.
 * `remaining` and `remaining_counts` are the findings that it does not mend, each with what does. `safety_copy` is
 * the path of the backup of what was there before, which an undo puts back; null where nothing was changed. `token`
 * stands for all that would be done: a repair that is given it as `previewToken` does this, or refuses.
 */
export interface RepairResult {
  path: string;
  dry_run: boolean;
  repairs: Array<Repair>;
  counts: Record<string, number>;
  remaining: Array<Finding>;
  remaining_counts: Record<string, number>;
  safety_copy: string | null;
  token: string;
  warnings: Array<string>;
}

/** One progress report: `done` of `total` units in `phase`, `percentage` (0 to 100) of the whole job. */
export interface Report {
  phase: string;
  done: number;
  total: number;
  unit: string;
  percentage: number;
  message: string;
}

/**
 * The page about a backup. `is_valid`, `error_count` and `warning_count` are what a validation answers; the page
 * tells of all of it.
 */
export interface ReportPage {
  path: string;
  size: number;
  cut: Array<string>;
  is_valid: boolean;
  error_count: number;
  warning_count: number;
}

/**
 * That the database is, or was, no database any more, and is made anew for the backup. `reason` is "missing",
 * "empty" or "damaged", `detail` what is the matter in a few words; `migrations` are those of the new database.
 * `in_place`: it was written into the very file, where a running app sees it; null in a preview. `readable`, since
 * 1.1: what can still be read of the broken database, per table; null where it was not looked for, since there is
 * nothing, too much of it, or it was written to just then.
 */
export interface Rescue {
  reason: string;
  detail: string;
  migrations: Array<string>;
  in_place: boolean | null;
  readable: Record<string, WreckTable> | null;
}

/**
 * What a run did: `outcome` is "made", "current" (nothing changed since the newest proved one) or "not_due". Of a
 * run that was not due `places` holds those alone that lacked the newest one, and got it now. `checked` and
 * `drills` are what a timer's run looked after besides: what was re-read, and restored on trial.
 */
export interface RunResult {
  outcome: string;
  why: string;
  backup: string | null;
  rows: Record<string, number>;
  places: Array<PlaceOutcome>;
  removed: Array<string>;
  held: string;
  next_due: string | null;
  warnings: Array<string>;
  checked: Array<Checked>;
  drills: Array<PlaceDrill>;
}

/**
 * One safety copy: what it holds as it says itself, its size in bytes, and whether every byte of it proves.
 * `reason` says why it does not; the counts of one that cannot be read at all are 0. `partial`, since 1.1, says of
 * a file that holds a part of the data, and was only given a safety copy's name, which part.
 */
export interface SafetyCopyState {
  version: string;
  created_at: string;
  task_count: number;
  session_count: number;
  ai_interaction_count: number;
  dependency_count: number;
  periodic_template_count: number;
  path: string;
  size: number;
  proved: boolean;
  reason: string | null;
  partial: string | null;
}

/**
 * What a salvage got out of a damaged backup, and what not. `complete`: nothing is missing. `exact`: no value
 * stands in for another that only a lost part of the backup could say. `damage`: what is wrong with the file, a
 * line each. `records`: the first 100 left out, one by one.
 */
export interface SalvageReport {
  complete: boolean;
  exact: boolean;
  damage: Array<string>;
  tables: Record<string, SalvagedTable>;
  records: Array<LeftOut>;
}

/**
 * One table of a damaged backup, in records: how many it says it held (null where it no longer says), how many are
 * taken, how many are left out, by reason, and how many lose a reference to a row that is not there.
 */
export interface SalvagedTable {
  expected: number | null;
  taken: number;
  left_out: Record<string, number>;
  cleared: number;
}

/**
 * Where a task or a text stands: the tasks found, and what could not be looked into, a line each. `others` are rows
 * of other types, where those were asked for.
 */
export interface Searched {
  query: string;
  tasks: Array<Found>;
  backups: number;
  more: number;
  warnings: Array<string>;
  others: Array<Found>;
}

/**
 * Rows of one table: `chosen` by the criteria, and brought `along`, since those cannot be without them or they
 * belong to them; `untied`: subtasks that become tasks of their own.
 */
export interface SelectedTable {
  chosen: number;
  along: number;
  untied: number;
}

/**
 * Rows of a backup: those that meet each of the criteria that are given. `missing`: only what the database has not,
 * by its id.
 */
export interface Selection {
  missing?: boolean;
  tables?: Array<string> | null;
  lists?: Array<string> | null;
  ids?: Array<string> | null;
  text?: string | null;
  since?: string | null;
  until?: string | null;
  subtasks?: "untied" | "with_parents";
}

/**
 * What an import does to one table, in rows. `read` + `repaired` = `added` + `updated` + `unchanged` + the sum of
 * `left_out` (reason -> rows); `repaired` rows are made because the archive names but does not carry them. On the
 * database's side: `removed` rows go, `kept` rows are not spoken of by the archive and stay, `untied` rows stay but
 * lose a reference to a removed row.
 */
export interface TableAccount {
  read: number;
  added: number;
  updated: number;
  unchanged: number;
  left_out: Record<string, number>;
  repaired: number;
  removed: number;
  kept: number;
  untied: number;
}

/**
 * How one table differs, in rows: `left` = `removed` + `changed` + `same`, and `right` = `added` + `changed` +
 * `same`. `only` is "left" or "right" where the other side does not speak of the table at all: then nothing is
 * compared. `columns` are those that only one side speaks of: they are not compared either.
 */
export interface TableDifference {
  left: number;
  right: number;
  added: number;
  removed: number;
  changed: number;
  same: number;
  only: string | null;
  columns: Array<string>;
}

/** What an undo did: the ImportResult of the safety copy at `path`, which was put back. */
export interface UndoResult {
  version: string;
  created_at: string;
  task_count: number;
  session_count: number;
  ai_interaction_count: number;
  dependency_count: number;
  periodic_template_count: number;
  overwrite: boolean;
  tables: Record<string, TableAccount>;
  warnings: Array<string>;
  settings: Record<string, unknown> | null;
  safety_copy: string | null;
  salvage: SalvageReport | null;
  wreck: string | null;
  rescue: Rescue | null;
  selected: Record<string, SelectedTable> | null;
  partial: string | null;
  path: string;
}

/** The two values of a field that differs. */
export interface Values {
  left: string | number | null;
  right: string | number | null;
}

/** What becomes of one backup: `reason` says why it stays, or why it may go. */
export interface Verdict {
  path: string;
  stays: boolean;
  reason: string;
}

/**
 * A task, or another row, as it stands in some backups, one after the other: from `first_backup` to `last_backup`,
 * `backups` of them. `fields` are those that were other in the version before it; empty for the first, and where
 * the row had been gone and came back as it was.
 */
export interface Version {
  first_backup: string;
  last_backup: string;
  since: string;
  until: string;
  backups: number;
  title: string;
  task_list: string | null;
  status: string | number | null;
  fields: Array<string>;
}

/**
 * A broken database that a restore has set aside: its path, its size in bytes, and when (RFC 3339, UTC). `sound`:
 * it is none, but the safety copy of a database that no backup can hold, which was kept as a file.
 */
export interface WreckState {
  path: string;
  size: number;
  created_at: string;
  sound: boolean;
}

/**
 * One table of a broken database: rows that can still be read, and how many of them the backup has, by their id;
 * `in_backup` is null where rows have no id.
 */
export interface WreckTable {
  read: number;
  in_backup: number | null;
}

/** Params of export_data_to_file. */
export interface ExportDataToFileParams {
  /** Path of the backup file (.kpbackup or .zip). */
  filePath: string;
  /**
   * The frontend's localStorage: key -> the string that stands there, or its JSON value. Only kirapilot-preferences
   * and kirapilot-privacy-settings are taken; API keys are never written.
   */
  settings?: Record<string, unknown> | null;
  /** Asks for $/progress notifications that carry this token, at most 10 a second. */
  progressToken?: string | number | null;
  /**
   * If true, replaces even a backup that holds far more than the new one; if false, keeps it beside the new one,
   * and says where.
   */
  overwriteShrunk?: boolean;
  /**
   * If true, replaces even a write-protected file, and leaves it so, and by a backup of a part of the data even
   * what is none; if false, refuses.
   */
  force?: boolean;
  /**
   * If true, writes what can still be read of a damaged database, into a file that replaces nothing; a sound
   * database is exported as ever. If false, refuses a damaged one.
   */
  salvage?: boolean;
  /**
   * The part of the data to export, with what it cannot be without; everything where nothing is chosen. The file's
   * name must say partial.
   */
  selection?: PartToExport | null;
}

/** Params of import_data_from_file. */
export interface ImportDataFromFileParams {
  /** Path of the backup file (.kpbackup or .zip). */
  filePath: string;
  /** If true, replaces what KiraPilot holds; if false, merges: adds what is missing, keeps the rest. */
  overwrite: boolean;
  /**
   * The frontend's localStorage: key -> the string that stands there, or its JSON value. Only kirapilot-preferences
   * and kirapilot-privacy-settings are taken; API keys are never written.
   */
  settings?: Record<string, unknown> | null;
  /** If true, leaves out what this KiraPilot has no place for; if false, refuses such a backup. */
  allowLoss?: boolean;
  /**
   * If true, takes what can be proved of a damaged backup, and removes nothing; if false, refuses it whole. Preview
   * it first.
   */
  salvage?: boolean;
  /** Asks for $/progress notifications that carry this token, at most 10 a second. */
  progressToken?: string | number | null;
  /**
   * The token of the preview that was agreed to: if the backup, the data or the kind of import is another one by
   * now, the import is refused with changed_since_preview.
   */
  previewToken?: string | null;
  /**
   * The part of the backup to take, with what it cannot be without; nothing is removed then, and overwrite says
   * which of two rows of one id stays. All of it where nothing is chosen.
   */
  selection?: Selection | null;
  /**
   * Of two rows of one id that differ, which stays in a merge: mine, the database's; theirs, the backup's; newer,
   * the one that was changed later; both, the backup's under a new id. Or one of these for each table by its name,
   * and for the rest by *.
   */
  onConflict?: "both" | "mine" | "newer" | "theirs" | Record<string, "both" | "mine" | "newer" | "theirs">;
  /** What stays of single conflicts, by the numbers of a preview; onConflict says it of the others. */
  conflictChoices?: Array<Choice>;
}

/** Params of validate_backup_file. */
export interface ValidateBackupFileParams {
  /** Path of the backup file (.kpbackup or .zip). */
  filePath: string;
  /** Asks for $/progress notifications that carry this token, at most 10 a second. */
  progressToken?: string | number | null;
}

/** Params of validate_backup_comprehensive. */
export interface ValidateBackupComprehensiveParams {
  /** Path of the backup file (.kpbackup or .zip). */
  filePath: string;
  /** Asks for $/progress notifications that carry this token, at most 10 a second. */
  progressToken?: string | number | null;
}

/** Params of preview_import. */
export interface PreviewImportParams {
  /** Path of the backup file (.kpbackup or .zip). */
  filePath: string;
  /** If true, replaces what KiraPilot holds; if false, merges: adds what is missing, keeps the rest. */
  overwrite: boolean;
  /** If true, leaves out what this KiraPilot has no place for; if false, refuses such a backup. */
  allowLoss?: boolean;
  /**
   * If true, takes what can be proved of a damaged backup, and removes nothing; if false, refuses it whole. Preview
   * it first.
   */
  salvage?: boolean;
  /** Asks for $/progress notifications that carry this token, at most 10 a second. */
  progressToken?: string | number | null;
  /**
   * The part of the backup to take, with what it cannot be without; nothing is removed then, and overwrite says
   * which of two rows of one id stays. All of it where nothing is chosen.
   */
  selection?: Selection | null;
  /**
   * Of two rows of one id that differ, which stays in a merge: mine, the database's; theirs, the backup's; newer,
   * the one that was changed later; both, the backup's under a new id. Or one of these for each table by its name,
   * and for the rest by *.
   */
  onConflict?: "both" | "mine" | "newer" | "theirs" | Record<string, "both" | "mine" | "newer" | "theirs">;
  /** What stays of single conflicts, by the numbers of a preview; onConflict says it of the others. */
  conflictChoices?: Array<Choice>;
  /** The token of the preview whose numbers conflictChoices names; needed with them, else ignored. */
  previewToken?: string | null;
}

/** Params of conflicts. */
export interface ConflictsParams {
  /** The token of the preview that numbered them. */
  token: string;
  /** The number of the first one. */
  from?: number;
  /** Most of them in one answer. */
  count?: number;
  /** Asks for $/progress notifications that carry this token, at most 10 a second. */
  progressToken?: string | number | null;
}

/** Params of inspect_backup. */
export interface InspectBackupParams {
  /** Path of the backup file (.kpbackup or .zip). */
  filePath: string;
  /** Asks for $/progress notifications that carry this token, at most 10 a second. */
  progressToken?: string | number | null;
}

/** Params of undo_last_import. */
export interface UndoLastImportParams {
  /**
   * The frontend's localStorage: key -> the string that stands there, or its JSON value. Only kirapilot-preferences
   * and kirapilot-privacy-settings are taken; API keys are never written.
   */
  settings?: Record<string, unknown> | null;
  /** Asks for $/progress notifications that carry this token, at most 10 a second. */
  progressToken?: string | number | null;
  /** The safety copy to put back, by its name or path, as list_backups tells it. */
  to?: string | null;
}

/** Params of clear_all_data. */
export interface ClearAllDataParams {
  /** The app's version, kept with the backup. */
  appVersion?: string;
  /**
   * The frontend's localStorage: key -> the string that stands there, or its JSON value. Only kirapilot-preferences
   * and kirapilot-privacy-settings are taken; API keys are never written.
   */
  settings?: Record<string, unknown> | null;
  /** Asks for $/progress notifications that carry this token, at most 10 a second. */
  progressToken?: string | number | null;
}

/** Params of list_backups. */
export interface ListBackupsParams {
  /** Asks for $/progress notifications that carry this token, at most 10 a second. */
  progressToken?: string | number | null;
}

/** Params of compare_backups. */
export interface CompareBackupsParams {
  /** A backup: its path, its number in list_backups, or a safety copy's name; or now: the database. */
  left: string;
  /** A backup: its path, its number in list_backups, or a safety copy's name; or now: the database. */
  right: string;
  /** The first row told of, counted from 0 over all tables. */
  start?: number;
  /** Most rows told of. */
  count?: number;
  /** Asks for $/progress notifications that carry this token, at most 10 a second. */
  progressToken?: string | number | null;
}

/** Params of find_in_backups. */
export interface FindInBackupsParams {
  /** A part of a title, description or tag; or a row's id. */
  query: string;
  /** If true, the query is the id of one row. */
  byId?: boolean;
  /**
   * If true, looks into task lists, templates, the notes of sessions, chats, AI conversations, suggestions and logs
   * as well.
   */
  everywhere?: boolean;
  /** Asks for $/progress notifications that carry this token, at most 10 a second. */
  progressToken?: string | number | null;
}

/** Params of check_database. */
export interface CheckDatabaseParams {
  /** If true, holds the number of rows against that in each index; if false, looks for each row in each index. */
  quick?: boolean;
  /** Asks for $/progress notifications that carry this token, at most 10 a second. */
  progressToken?: string | number | null;
}

/** Params of write_report. */
export interface WriteReportParams {
  /** A backup: its path, its number in list_backups, or a safety copy's name; or now: the database. */
  backup: string;
  /** Path of the page to write (.html). */
  target: string;
  /** Asks for $/progress notifications that carry this token, at most 10 a second. */
  progressToken?: string | number | null;
  /** If true, replaces a page that is there; if false, refuses. No other file is ever replaced. */
  force?: boolean;
}

/** Params of write_difference. */
export interface WriteDifferenceParams {
  /** A backup: its path, its number in list_backups, or a safety copy's name; or now: the database. */
  left: string;
  /** A backup: its path, its number in list_backups, or a safety copy's name; or now: the database. */
  right: string;
  /** Path of the page to write (.html). */
  target: string;
  /** The first row shown, counted from 0 over all tables. */
  start?: number;
  /** Most rows shown. */
  count?: number;
  /** Asks for $/progress notifications that carry this token, at most 10 a second. */
  progressToken?: string | number | null;
  /** If true, replaces a page that is there; if false, refuses. No other file is ever replaced. */
  force?: boolean;
}

/** Params of repair_database. */
export interface RepairDatabaseParams {
  /** If true, only tells what would be repaired. */
  dryRun: boolean;
  /**
   * Codes of the findings to repair; all that a repair mends where none is named. Indexes that lack rows are built
   * anew in any case.
   */
  only?: Array<"index_lacks_rows" | "list_missing" | "no_default_list" | "owner_missing" | "second_default_list" | "template_missing" | "tie_missing" | "value_missing">;
  /** Asks for $/progress notifications that carry this token, at most 10 a second. */
  progressToken?: string | number | null;
  /**
   * The token of the dry run that was agreed to: if something else is to be repaired by now, it is refused with
   * changed_since_preview.
   */
  previewToken?: string | null;
}

/** Params of compact_database. */
export interface CompactDatabaseParams {
  /** Asks for $/progress notifications that carry this token, at most 10 a second. */
  progressToken?: string | number | null;
  /** If true, compacts even if less than a tenth of the file would be gained. */
  force?: boolean;
}

/** Params of get_backup_policy. */
export interface GetBackupPolicyParams {
  /** Asks for $/progress notifications that carry this token, at most 10 a second. */
  progressToken?: string | number | null;
}

/** Params of set_backup_policy. */
export interface SetBackupPolicyParams {
  /**
   */
  policy: Policy;
  /** Asks for $/progress notifications that carry this token, at most 10 a second. */
  progressToken?: string | number | null;
}

/** Params of run_backup_if_due. */
export interface RunBackupIfDueParams {
  /**
   * start: the app has started. timer: some time has passed. update: an update is about to be installed. clear: all
   * data is about to be cleared. manual: a person asks.
   */
  trigger: "clear" | "manual" | "start" | "timer" | "update";
  /** The app's version, kept with the backup. */
  appVersion?: string;
  /**
   * The frontend's localStorage: key -> the string that stands there, or its JSON value. Only kirapilot-preferences
   * and kirapilot-privacy-settings are taken; API keys are never written.
   */
  settings?: Record<string, unknown> | null;
  /** Asks for $/progress notifications that carry this token, at most 10 a second. */
  progressToken?: string | number | null;
}

/** Params of backup_status. */
export interface BackupStatusParams {
  /** Asks for $/progress notifications that carry this token, at most 10 a second. */
  progressToken?: string | number | null;
}

/** Params of accept_backup_hold. */
export interface AcceptBackupHoldParams {
  /** Asks for $/progress notifications that carry this token, at most 10 a second. */
  progressToken?: string | number | null;
}

/** Params of check_backups. */
export interface CheckBackupsParams {
  /** If true, all backups; if false, a share that takes seconds. */
  allOfThem?: boolean;
  /** Asks for $/progress notifications that carry this token, at most 10 a second. */
  progressToken?: string | number | null;
}

/** Params of drill_backups. */
export interface DrillBackupsParams {
  /** Asks for $/progress notifications that carry this token, at most 10 a second. */
  progressToken?: string | number | null;
}

/** Params of prune_backups. */
export interface PruneBackupsParams {
  /** If true, only tells what would be removed, and why the rest stays. */
  dryRun: boolean;
  /** Asks for $/progress notifications that carry this token, at most 10 a second. */
  progressToken?: string | number | null;
}

/** Params of note_backup. */
export interface NoteBackupParams {
  /** The backup's number, as the list gives it. */
  number: number;
  /** Words of the user's own; empty for none. */
  note?: string | null;
  /** If true, it is never removed by itself. */
  pinned?: boolean | null;
  /** Asks for $/progress notifications that carry this token, at most 10 a second. */
  progressToken?: string | number | null;
}

/** Params of ping. */
export interface PingParams {
  /** Asks for $/progress notifications that carry this token, at most 10 a second. */
  progressToken?: string | number | null;
}

/** Params of initialize. */
export interface InitializeParams {
  /** KiraPilot's database; wins over every other setting. */
  databasePath?: string | null;
  /** Folder for throw-away files. */
  workDir?: string | null;
  /** The version the caller knows. */
  protocolVersion?: string | null;
  /** Anything about the caller. */
  clientInfo?: Record<string, unknown> | null;
  /** Anything the caller can do. */
  capabilities?: Record<string, unknown> | null;
  /** Asks for $/progress notifications that carry this token, at most 10 a second. */
  progressToken?: string | number | null;
}

/** Params of shutdown. */
export interface ShutdownParams {
  /** Asks for $/progress notifications that carry this token, at most 10 a second. */
  progressToken?: string | number | null;
}

/** Params of exit. */
export interface ExitParams {
  /** Asks for $/progress notifications that carry this token, at most 10 a second. */
  progressToken?: string | number | null;
}

/** Params of rpc.discover. */
export interface RpcDiscoverParams {
  /** Asks for $/progress notifications that carry this token, at most 10 a second. */
  progressToken?: string | number | null;
}

/** Params of $/cancelRequest. */
export interface CancelRequestParams {
  /** The id of the request to cancel. */
  id: string | number | null;
  /** Asks for $/progress notifications that carry this token, at most 10 a second. */
  progressToken?: string | number | null;
}

/** Every method, by name: what it takes and what it answers. */
export interface Methods {
  /**
   * Write KiraPilot's data into a backup file, all of it or a part; an older file there is replaced when the new
   * one is proved.
   */
  "export_data_to_file": { params: ExportDataToFileParams; result: ExportResult };
  /** Bring a backup into KiraPilot's database: all of it, or nothing; what it changes is kept in a safety copy. */
  "import_data_from_file": { params: ImportDataFromFileParams; result: ImportResult };
  /** Check a backup file, and fail with the first error found. */
  "validate_backup_file": { params: ValidateBackupFileParams; result: BackupMetadata };
  /** Check a backup file and list everything found; fails only when it could not check at all. */
  "validate_backup_comprehensive": { params: ValidateBackupComprehensiveParams; result: BackupValidationResult };
  /** Tell what an import would do, and change nothing. */
  "preview_import": { params: PreviewImportParams; result: ImportPreview };
  /** Show the rows of a previewed merge that differ from the database's, by their numbers, field by field. */
  "conflicts": { params: ConflictsParams; result: Conflicts };
  /** Tell what a backup file says of itself, without judging it. */
  "inspect_backup": { params: InspectBackupParams; result: BackupSummary };
  /** Put back what the last import replaced, from its safety copy; a second undo undoes the first. */
  "undo_last_import": { params: UndoLastImportParams; result: UndoResult };
  /** Clear every table, once all of it is in a safety copy; undo_last_import brings it back. */
  "clear_all_data": { params: ClearAllDataParams; result: ClearResult };
  /** List all backups there are, the newest first: safety copies, those made by themselves, and others beside them. */
  "list_backups": { params: ListBackupsParams; result: BackupList };
  /** Tell how two backups differ, or a backup and the database as it is now, row by row and field by field. */
  "compare_backups": { params: CompareBackupsParams; result: Difference };
  /** Tell in which backups a task stands, since when, until when, and what changed: by a text or by its id. */
  "find_in_backups": { params: FindInBackupsParams; result: Searched };
  /** Tell what is wrong with the database as it is now, what it means, and what mends it; changes nothing. */
  "check_database": { params: CheckDatabaseParams; result: DatabaseCheck };
  /** Write one HTML page about a backup, or the database as it is now: what it holds, and what is wrong with it. */
  "write_report": { params: WriteReportParams; result: ReportPage };
  /** Write one HTML page about how two backups differ, or a backup and the database, row by row, field by field. */
  "write_difference": { params: WriteDifferenceParams; result: DifferencePage };
  /** Mend what a check found and KiraPilot would, once all is in a safety copy; undo_last_import takes it back. */
  "repair_database": { params: RepairDatabaseParams; result: RepairResult };
  /** Make the database's file as small as what it holds, if no other program has it open; no value changes. */
  "compact_database": { params: CompactDatabaseParams; result: CompactResult };
  /** Tell whether, when and where backups are made by themselves. */
  "get_backup_policy": { params: GetBackupPolicyParams; result: PolicyFile };
  /** Put a policy into force; what it leaves out has its default. */
  "set_backup_policy": { params: SetBackupPolicyParams; result: PolicyFile };
  /** Make a backup if one is due, prove it in every place, and remove what the policy lets go of. */
  "run_backup_if_due": { params: RunBackupIfDueParams; result: RunResult };
  /** Tell how the automatic backups are: the newest of each place, its age, what is next due, what went wrong. */
  "backup_status": { params: BackupStatusParams; result: BackupStatus };
  /** Lift the hold on removing old backups, now that a person has looked at why the database shrank. */
  "accept_backup_hold": { params: AcceptBackupHoldParams; result: HoldAnswer };
  /** Re-read automatic backups, those first that were not looked at for longest, and remember which are whole. */
  "check_backups": { params: CheckBackupsParams; result: CheckResult };
  /** Restore the newest backup of each place into a database that is thrown away, and compare every value. */
  "drill_backups": { params: DrillBackupsParams; result: DrillResult };
  /** Remove the automatic backups that the policy lets go of, or only tell which, and why each of the others stays. */
  "prune_backups": { params: PruneBackupsParams; result: PruneResult };
  /** Pin an automatic backup, so that it is never removed, or put a note to it, in all its places. */
  "note_backup": { params: NoteBackupParams; result: Noted };
  /** Give a sign of life, even while a job runs. */
  "ping": { params: PingParams; result: Pong };
  /** Set the places for all later requests, and introduce each other. Optional. */
  "initialize": { params: InitializeParams; result: Initialized };
  /** Take no further request but exit; answered when everything before it is. */
  "shutdown": { params: ShutdownParams; result: null };
  /** Cancel what runs and what is queued, and leave within 2 s: code 0 after shutdown, else 1. */
  "exit": { params: ExitParams; result: null };
  /** Describe all methods, as an OpenRPC document. */
  "rpc.discover": { params: RpcDiscoverParams; result: Record<string, unknown> };
  /** Cancel a running or queued request, which is then answered with error -32800. Sent as a notification. */
  "$/cancelRequest": { params: CancelRequestParams; result: null };
}

/** Every kind of error; protocol/ERRORS.md has their sentences. */
export type ErrorKind =
  | "file_not_found"
  | "folder_not_found"
  | "is_a_folder"
  | "path_not_allowed"
  | "same_file"
  | "permission_denied"
  | "disk_full"
  | "file_in_use"
  | "io_error"
  | "not_a_backup"
  | "damaged"
  | "missing_data"
  | "unsupported_version"
  | "too_new"
  | "invalid_backup"
  | "limit_exceeded"
  | "would_lose_data"
  | "invalid_metadata"
  | "nothing_to_salvage"
  | "database_not_found"
  | "database_busy"
  | "not_a_database"
  | "not_kirapilot"
  | "database_damaged"
  | "database_read_only"
  | "beyond_format"
  | "cannot_remove"
  | "work_folder_unusable"
  | "verification_failed"
  | "accounting_mismatch"
  | "safety_copy_failed"
  | "no_safety_copy"
  | "not_importable"
  | "cannot_rebuild"
  | "nothing_replaced"
  | "partial_backup"
  | "file_too_large"
  | "place_unreachable"
  | "write_protected"
  | "start_again"
  | "several_backups"
  | "changed_since_preview"
  | "unknown_schema"
  | "nothing_selected"
  | "no_such_rows"
  | "days_turned_round"
  | "same_sides"
  | "no_conflicts"
  | "unknown_preview"
  | "no_such_conflict"
  | "no_such_table"
  | "invalid_choice"
  | "invalid_policy"
  | "backup_under_way"
  | "no_such_backup"
  | "no_such_copy"
  | "no_timer_service"
  | "timer_refused"
  | "cannot_schedule"
  | "unseen_numbers"
  | "replaces_whole"
  | "name_of_whole"
  | "not_whole"
  | "page_exists"
  | "not_a_page"
  | "cannot_repair"
  | "database_in_use"
  | "cannot_compact"
  | "stray_journal"
  | "invalid_request"
  | "method_not_found"
  | "invalid_params"
  | "internal_error"
  | "parse_error"
  | "cancelled";

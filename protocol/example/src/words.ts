/** What tables and columns are called by people. */

const KINDS: Record<string, [one: string, many: string]> = {
  ai_interaction_logs: ['AI log entry', 'AI log entries'],
  ai_interactions: ['AI conversation', 'AI conversations'],
  ai_suggestions: ['AI suggestion', 'AI suggestions'],
  focus_sessions: ['focus session', 'focus sessions'],
  logging_config: ['logging setting', 'logging settings'],
  periodic_task_templates: ['periodic task', 'periodic tasks'],
  productivity_patterns: ['productivity pattern', 'productivity patterns'],
  task_dependencies: ['dependency', 'dependencies'],
  task_lists: ['task list', 'task lists'],
  tasks: ['task', 'tasks'],
  thread_messages: ['chat message', 'chat messages'],
  threads: ['chat', 'chats'],
  time_sessions: ['time session', 'time sessions'],
  tool_execution_logs: ['tool call', 'tool calls'],
  user_preferences: ['preference', 'preferences'],
};

/** What one row of a table is called. */
export const kindOf = (table: string) => KINDS[table]?.[0] ?? plain(table);

/** What rows of a table are called. */
export const kindsOf = (table: string) => KINDS[table]?.[1] ?? plain(table);

/** Such as "1 task" or "2,000 tasks". */
export const countOf = (count: number, table: string) =>
  `${count.toLocaleString()} ${count === 1 ? kindOf(table) : kindsOf(table)}`;

/** Such as "1 entry" or "2,000 entries". */
export const entriesOf = (count: number) => `${count.toLocaleString()} ${count === 1 ? 'entry' : 'entries'}`;

/** A column as a person reads it: "due date" for due_date. */
export const plain = (name: string) => name.replaceAll('_', ' ').replace(/ id$/, '');

/** The tables that people look for first, before the others in the order of their names. */
const FIRST = ['tasks', 'task_lists', 'periodic_task_templates', 'time_sessions', 'focus_sessions', 'task_dependencies'];

export function byInterest(one: string, other: string): number {
  const rank = (table: string) => (FIRST.includes(table) ? FIRST.indexOf(table) : FIRST.length);
  return rank(one) - rank(other) || kindsOf(one).localeCompare(kindsOf(other));
}

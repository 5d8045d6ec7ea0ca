/** The rows in which a backup differs from today, as entries to be looked through and ticked. */

import type { Change } from './backup';
import { byInterest } from './words';

/** How an entry stands to today's data: in the backup only, in both and different, or today's only. */
export type State = 'missing' | 'different' | 'new';

export interface Entry {
  /** What ticks it, and names it in a selection; an entry without cannot be ticked. */
  id: string | undefined;
  key: string;
  table: string;
  state: State;
  title: string;
  list: string;
  /** On which it began, or was made, such as 2026-11-22; '' where that is not known. */
  day: string;
  fields: NonNullable<Change['fields']>;
}

/** From the one day to the other, both included; '' is no bound. */
export interface Days {
  since: string;
  until: string;
}

/** What of the entries is shown. */
export interface Filter {
  text: string;
  state: 'all' | State;
  table: string;
  days: Days;
}

export const EVERYTHING: Filter = { text: '', state: 'all', table: '', days: { since: '', until: '' } };

const STATES: Record<string, State> = { removed: 'missing', changed: 'different', added: 'new' };

/** Entries of a page that begins at `start`, in the words of this page. */
export function entriesIn(changes: Change[], start: number): Entry[] {
  return changes.map((change, index) => {
    const state = STATES[change.change] ?? 'new';
    return {
      // What is today's only has nothing that could come back.
      id: state === 'new' ? undefined : (change.id ?? undefined),
      key: `${start + index}`,
      table: change.table,
      state,
      title: change.label ?? '',
      list: change.task_list ?? '',
      day: change.day ?? '',
      fields: change.fields ?? {},
    };
  });
}

/** Tasks first, and of each kind the missing ones before the different ones; within, as they come. */
export function inOrder(entries: Entry[]): Entry[] {
  const rank: Record<State, number> = { missing: 0, different: 1, new: 2 };
  return [...entries].sort((one, other) => byInterest(one.table, other.table) || rank[one.state] - rank[other.state]);
}

/** Those with the text in their title, list or values, of the kind, state and days that are asked for. */
export function filtered(entries: Entry[], { text, state, table, days }: Filter): Entry[] {
  const sought = text.trim().toLowerCase();
  return entries.filter(
    (entry) =>
      (state === 'all' || entry.state === state) &&
      (table === '' || entry.table === table) &&
      isWithin(entry.day, days) &&
      (sought === '' || textsOf(entry).some((one) => one.toLowerCase().includes(sought))),
  );
}

/** Whether the last day lies before the first one. */
export const isTurnedRound = ({ since, until }: Days) => since !== '' && until !== '' && until < since;

/** As a selection of days has it: what is of no day is of none of them. */
function isWithin(day: string, { since, until }: Days): boolean {
  if (since === '' && until === '') return true;
  return day !== '' && (since === '' || since <= day) && (until === '' || day <= until);
}

function textsOf({ title, list, fields }: Entry): string[] {
  return [title, list, ...Object.values(fields).flatMap(({ left, right }) => [String(left ?? ''), String(right ?? '')])];
}

/** The entries of each name. */
export function counted(entries: Entry[], nameOf: (entry: Entry) => string): Map<string, Entry[]> {
  const found = new Map<string, Entry[]>();
  for (const entry of entries) {
    const name = nameOf(entry);
    const group = found.get(name);
    if (group) group.push(entry);
    else found.set(name, [entry]);
  }
  return found;
}

/** How much of some entries is ticked. */
export function ticksOf(entries: Entry[], ticked: ReadonlySet<string>): { of: Entry[]; count: number } {
  const of = entries.filter((entry) => entry.id !== undefined);
  return { of, count: of.filter((entry) => ticked.has(entry.id ?? '')).length };
}

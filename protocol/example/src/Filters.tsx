/** What of a backup's entries is shown: by words, kind, state and days; and whole task lists to tick at once. */

import { Days } from './Days';
import { counted, ticksOf, type Entry, type Filter } from './entries';
import { Select } from './Select';
import { TriState } from './TriState';
import { byInterest, entriesOf, kindsOf } from './words';

const STATES: Array<[Filter['state'], string]> = [
  ['all', 'All that differs'],
  ['missing', 'Missing today'],
  ['different', 'Different today'],
  ['new', 'New since the backup'],
];

interface Props {
  entries: Entry[];
  filter: Filter;
  ticked: ReadonlySet<string>;
  onFilter: (filter: Filter) => void;
  onTick: (entries: Entry[], isTicked: boolean) => void;
}

export function Filters({ entries, filter, ticked, onFilter, onTick }: Props) {
  const tables = [...counted(entries, (entry) => entry.table)].sort(([one], [other]) => byInterest(one, other));
  const kinds = tables.map(([table, of]) => [table, withCount(kindsOf(table), of)] as const);
  const lists = [...counted(entries, (entry) => entry.list)].filter(([list, of]) => list && ticksOf(of, ticked).of.length);
  return (
    <section className="card filters" aria-label="What is shown">
      <div className="form">
        <label className="wide">
          Search
          <input
            id="search"
            type="search"
            placeholder="Words of a title, a list or a value"
            value={filter.text}
            onChange={(event) => onFilter({ ...filter, text: event.target.value })}
          />
        </label>
        <Select
          id="kind"
          label="Kind"
          value={filter.table}
          options={[['', withCount('All kinds', entries)], ...kinds]}
          onChange={(table) => onFilter({ ...filter, table })}
        />
        <Select
          id="state"
          label="Show"
          value={filter.state}
          options={STATES}
          onChange={(state) => onFilter({ ...filter, state })}
        />
      </div>
      <Days days={filter.days} onDays={(days) => onFilter({ ...filter, days })} />
      {lists.length > 0 && (
        <fieldset id="lists" className="lists">
          <legend>Whole task lists</legend>
          {lists.sort(([one], [other]) => one.localeCompare(other)).map(([list, all]) => {
            const { of, count } = ticksOf(all, ticked);
            return (
              <TriState
                key={list}
                count={count}
                of={of.length}
                label={`${list} (${entriesOf(of.length)})`}
                onTick={(isTicked) => onTick(of, isTicked)}
              />
            );
          })}
        </fieldset>
      )}
    </section>
  );
}

const withCount = (kind: string, of: Entry[]) => `${kind} (${of.length.toLocaleString()})`;

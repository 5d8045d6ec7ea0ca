/** The fields in which an entry differs, side by side: as the backup has them, and as they are today. */

import type { Entry } from './entries';
import { whenOf } from './times';
import { plain } from './words';

/** What people know an entry by is read first, and that something was changed last. */
const RANKS: Record<string, number> = { title: -1, name: -1, updated_at: 1 };

/** The names of the fields that differ, in the order in which they are shown. */
export const namesOf = (fields: Entry['fields']) =>
  Object.keys(fields).sort((one, other) => (RANKS[one] ?? 0) - (RANKS[other] ?? 0));

export function Fields({ of }: { of: Entry['fields'] }) {
  const names = namesOf(of);
  return (
    <table className="fields">
      <thead>
        <tr>
          <th scope="col">Field</th>
          <th scope="col">In the backup</th>
          <th scope="col">Today</th>
        </tr>
      </thead>
      <tbody>
        {names.map((name) => {
          const [left, right] = [of[name]?.left, of[name]?.right];
          const [then, today] = legible(left, right);
          return (
            <tr key={name}>
              <th scope="row">{plain(name)}</th>
              <td className="then" title={String(left)}>
                <Shown value={then} />
              </td>
              <td className="today" title={String(right)}>
                <Shown value={today} />
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

type Value = string | number | null | undefined;

/** Times as a person says them, unless both would read the same. */
function legible(left: Value, right: Value): [Value, Value] {
  const [then, today] = [spoken(left), spoken(right)];
  return then === today ? [left, right] : [then, today];
}

const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

const spoken = (value: Value) => (typeof value === 'string' && MOMENT.test(value) ? whenOf(value) : value);

function Shown({ value }: { value: Value }) {
  if (value === null || value === undefined) return <em>nothing</em>;
  return value === '' ? <em>empty</em> : <>{String(value)}</>;
}

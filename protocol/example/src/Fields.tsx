/** The fields in which an entry differs, side by side: as the backup has them, and as they are today. */

import type { Entry } from './entries';
import { whenOf } from './times';
import { plain } from './words';

/** Says that something was changed; the last to be read. */
const TOUCHED = 'updated_at';

export function Fields({ of }: { of: Entry['fields'] }) {
  const names = Object.keys(of).sort((one, other) => Number(one === TOUCHED) - Number(other === TOUCHED));
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

/** One of several things to choose, under its label. */

interface Props<T extends string> {
  id?: string;
  className?: string;
  label: string;
  value: T;
  /** Each with its words. */
  options: ReadonlyArray<readonly [T, string]>;
  /** What else is to be read of it: the id of that. */
  describedBy?: string;
  onChange: (value: T) => void;
}

export function Select<T extends string>({ id, className, label, value, options, describedBy, onChange }: Props<T>) {
  return (
    <label className={className}>
      {label}
      <select
        id={id}
        value={value}
        aria-describedby={describedBy}
        onChange={(event) => onChange(event.target.value as T)}
      >
        {options.map(([option, text]) => (
          <option key={option} value={option}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

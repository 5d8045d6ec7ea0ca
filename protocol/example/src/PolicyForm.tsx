/** When and where backups are made by themselves, and how many stay. Keys that are not shown here stay as they are. */

import { open } from '@tauri-apps/plugin-dialog';
import { useEffect, useState } from 'react';

import * as backup from './backup';
import { Select } from './Select';

const EVERY: Array<[backup.Policy['every'], string]> = [
  ['hours', 'Every few hours'],
  ['daily', 'Daily'],
  ['weekly', 'Weekly'],
  ['monthly', 'Monthly'],
];

const SWITCHES = {
  before_update: 'Before KiraPilot is updated',
  before_clear: 'Before all data is cleared',
  drill: 'Try once a month whether they restore',
};

/** What of a new place is kept: the sidecar's own rules. */
const KEEP = { hours: 48, daily: 7, weekly: 5, monthly: 12, most: 30 };

export function PolicyForm({ attempt }: { attempt: (work: () => Promise<unknown>) => Promise<void> }) {
  const [policy, setPolicy] = useState<backup.Policy>();
  const [isSaved, setSaved] = useState(false);

  useEffect(() => {
    backup.getPolicy().then(
      (file) => setPolicy(file.policy),
      (reason) => console.warn('no policy of the backups:', backup.failureOf(reason).message),
    );
  }, []);
  if (!policy) return null;

  function change(changes: Partial<backup.Policy>) {
    setSaved(false);
    setPolicy((policy) => policy && { ...policy, ...changes });
  }

  async function addPlace() {
    const path = await open({ title: 'Another place for backups', directory: true, multiple: false });
    if (path && policy && !policy.places.some((place) => place.path === path)) {
      change({ places: [...policy.places, { path, keep: KEEP }] });
    }
  }

  async function save() {
    if (!policy) return;
    await attempt(async () => {
      setPolicy((await backup.setPolicy(policy)).policy);
      setSaved(true);
    });
  }

  return (
    <form
      className="form"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <label className="check">
        <input
          id="policy-enabled"
          type="checkbox"
          checked={policy.enabled}
          onChange={(event) => change({ enabled: event.target.checked })}
        />
        Make backups by themselves
      </label>
      <Select
        id="policy-every"
        label="How often"
        value={policy.every}
        options={EVERY}
        onChange={(every) => change({ every })}
      />
      {policy.every === 'hours' && (
        <Count id="policy-hours" text="Hours between two" value={policy.hours} min={1} onChange={(hours) => change({ hours })} />
      )}
      {Object.entries(SWITCHES).map(([name, text]) => (
        <label key={name} className="check">
          <input
            id={`policy-${name}`}
            type="checkbox"
            checked={policy[name as keyof typeof SWITCHES]}
            onChange={(event) => change({ [name]: event.target.checked })}
          />
          {text}
        </label>
      ))}
      <fieldset className="places">
        <legend>Places</legend>
        {policy.places.map((place, index) => (
          <div key={place.path} className="place">
            <span className="path">{place.path}</span>
            <Count
              id={`policy-most-${index}`}
              text="keep at most"
              value={place.keep.most}
              min={1}
              onChange={(most) =>
                change({
                  places: policy.places.map((other) =>
                    other === place ? { ...place, keep: { ...place.keep, most } } : other,
                  ),
                })
              }
            />
            {policy.places.length > 1 && (
              <button
                type="button"
                className="small"
                aria-label={`Remove the place ${place.path}`}
                onClick={() => change({ places: policy.places.filter((other) => other !== place) })}
              >
                Remove
              </button>
            )}
          </div>
        ))}
        <button id="policy-add" type="button" className="small" onClick={() => void addPlace()}>
          Add a place…
        </button>
      </fieldset>
      <div className="row">
        <span role="status">{isSaved ? 'Saved.' : ''}</span>
        <button id="policy-save" type="submit" className="primary">
          Save
        </button>
      </div>
    </form>
  );
}

interface CountProps {
  id: string;
  text: string;
  value: number;
  min: number;
  onChange: (value: number) => void;
}

function Count({ id, text, value, min, onChange }: CountProps) {
  return (
    <label>
      {text}
      <input
        id={id}
        type="number"
        required
        min={min}
        max={10_000}
        value={value}
        onChange={(event) => event.target.value !== '' && onChange(event.target.valueAsNumber)}
      />
    </label>
  );
}

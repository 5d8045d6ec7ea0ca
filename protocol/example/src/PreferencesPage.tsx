/** What the backup calls the app's settings: kept in localStorage by `preferences.ts`. */

import type { Preferences, usePreferences, usePrivacySettings } from './preferences';
import { Select } from './Select';

const THEMES: Array<[Preferences['theme'], string]> = [
  ['auto', 'Automatic'],
  ['light', 'Light'],
  ['dark', 'Dark'],
];

interface Props {
  preferences: ReturnType<typeof usePreferences>;
  privacy: ReturnType<typeof usePrivacySettings>;
}

export function PreferencesPage({ preferences: [value, setValue], privacy: [privacy, setPrivacy] }: Props) {
  return (
    <>
      <h1>Preferences</h1>
      <p className="lead">Part of every backup, but for the API key: that stays on this device.</p>
      <section className="card form">
        <Select
          id="theme"
          label="Theme"
          value={value.theme}
          options={THEMES}
          onChange={(theme) => setValue({ ...value, theme })}
        />
        <label>
          Working day starts at
          <input
            id="start"
            type="time"
            value={value.workingHours.start}
            onChange={(event) =>
              setValue({ ...value, workingHours: { ...value.workingHours, start: event.target.value } })
            }
          />
        </label>
        <label>
          Gemini API key
          <input
            id="api-key"
            type="password"
            autoComplete="off"
            placeholder="Only needed for AI chat"
            value={value.aiSettings.geminiApiKey}
            onChange={(event) =>
              setValue({ ...value, aiSettings: { ...value.aiSettings, geminiApiKey: event.target.value } })
            }
          />
        </label>
        <label className="check">
          <input
            id="store-conversations"
            type="checkbox"
            checked={privacy.storeConversations}
            onChange={(event) => setPrivacy({ ...privacy, storeConversations: event.target.checked })}
          />
          Keep AI conversations
        </label>
      </section>
    </>
  );
}

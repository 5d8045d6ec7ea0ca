/**
 * The frontend's settings, which live in localStorage: read for an export or an import, put back after one.
 *
 * Knows which keys are KiraPilot's settings; all others are secrets or of no interest, and are never looked at. API
 * keys inside of them are the sidecar's affair: it writes none, and hands this device's own back in their places.
 */

/** The keys that are read and written. */
export const SETTINGS_KEYS = ['kirapilot-preferences', 'kirapilot-privacy-settings'] as const;

/** Key of localStorage -> the string that stands there, or its JSON value. */
export type Settings = Record<string, unknown>;

/** What `storage` holds of the settings. */
export function readSettings(storage: Pick<Storage, 'getItem'>): Settings {
  const held = SETTINGS_KEYS.map((key) => [key, storage.getItem(key)] as const);
  return Object.fromEntries(held.filter(([, value]) => value !== null));
}

/** Put what an import has handed back into `storage`; null, or a key that is not there, leaves all as it is. */
export function putSettings(settings: Settings | null, storage: Pick<Storage, 'setItem'>): void {
  for (const key of SETTINGS_KEYS) {
    const value = settings?.[key];
    if (value !== undefined && value !== null) {
      storage.setItem(key, JSON.stringify(value));
    }
  }
}

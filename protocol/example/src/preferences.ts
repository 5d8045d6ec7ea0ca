/** What the app's frontend keeps in localStorage; backed up by the Rust side, of which nothing is seen here. */

import { useEffect, useState } from 'react';

export interface Preferences {
  theme: 'auto' | 'light' | 'dark';
  workingHours: { start: string; end: string };
  aiSettings: { geminiApiKey: string; responseStyle: 'concise' | 'balanced' | 'detailed' };
}

export interface PrivacySettings {
  storeConversations: boolean;
}

const PREFERENCES: Preferences = {
  theme: 'auto',
  workingHours: { start: '09:00', end: '17:00' },
  aiSettings: { geminiApiKey: '', responseStyle: 'balanced' },
};

const PRIVACY: PrivacySettings = { storeConversations: true };

export function usePreferences() {
  return useStored('kirapilot-preferences', PREFERENCES);
}

export function usePrivacySettings() {
  return useStored('kirapilot-privacy-settings', PRIVACY);
}

/** What the app removes once all data is cleared: its page is loaded again then. */
export function forgetSettings() {
  for (const key of ['kirapilot-preferences', 'kirapilot-privacy-settings', 'kira_api_key']) localStorage.removeItem(key);
}

/** State that is read once, and written whenever it changes: React's is the truth while the page lives. */
function useStored<T extends object>(key: string, initial: T) {
  const [value, setValue] = useState<T>(() => {
    const text = localStorage.getItem(key);
    return text === null ? initial : { ...initial, ...(JSON.parse(text) as Partial<T>) };
  });
  useEffect(() => localStorage.setItem(key, JSON.stringify(value)), [key, value]);
  return [value, setValue] as const;
}

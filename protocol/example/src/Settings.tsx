/** The settings window: preferences on one page, Data Management on the other. */

import { useEffect, useState } from 'react';

import { onRestored } from './backup';
import { DataManagement } from './DataManagement';
import { PreferencesPage } from './PreferencesPage';
import { usePreferences, usePrivacySettings } from './preferences';

const PAGES = ['Preferences', 'Data Management'] as const;

export function Settings() {
  const [page, setPage] = useState<(typeof PAGES)[number]>('Data Management');
  const preferences = usePreferences();
  const privacy = usePrivacySettings();
  const { theme } = preferences[0];

  useEffect(() => {
    document.documentElement.dataset.theme = theme;
  }, [theme]);

  useEffect(() => {
    const listening = onRestored(() => window.location.reload());
    return () => void listening.then((stop) => stop());
  }, []);

  return (
    <div className="window">
      <nav aria-label="Settings">
        <div className="brand">
          <span className="mark" aria-hidden="true">
            K
          </span>
          Settings
        </div>
        {PAGES.map((name) => (
          <button key={name} className="tab" aria-current={name === page ? 'page' : undefined} onClick={() => setPage(name)}>
            {name}
          </button>
        ))}
      </nav>
      <main>
        {page === 'Preferences' ? (
          <PreferencesPage preferences={preferences} privacy={privacy} />
        ) : (
          <DataManagement />
        )}
      </main>
    </div>
  );
}

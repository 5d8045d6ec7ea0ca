import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';

import { Settings } from './Settings';
import './theme.css';
import './page.css';
import './controls.css';
import './backups.css';
import './dialogs.css';
import './chooser.css';

const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <StrictMode>
      <Settings />
    </StrictMode>,
  );
}

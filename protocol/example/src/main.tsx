import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';

import { Settings } from './Settings';
import './styles.css';
import './chooser.css';

const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <StrictMode>
      <Settings />
    </StrictMode>,
  );
}

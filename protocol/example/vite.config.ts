import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  plugins: [react()],
  clearScreen: false,
  server: { port: 1420, strictPort: true },
  // The first one that knows light-dark().
  build: { target: 'safari17.5', outDir: 'dist' },
});

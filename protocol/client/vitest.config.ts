import { fileURLToPath } from 'node:url';

import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: {
    // As in an app, and as there for its dependencies, too: the shell plugin imports this very module.
    alias: [
      {
        find: /^@tauri-apps\/api\/core$/,
        replacement: fileURLToPath(new URL('src/core-shim.ts', import.meta.url)),
      },
    ],
  },
  test: {
    include: ['tests/*.test.ts'],
    testTimeout: 60_000,
    server: { deps: { inline: [/@tauri-apps/] } },
  },
});

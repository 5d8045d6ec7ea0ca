function readSettings({ keys }, event) {
  const values = {};
  for (const key of keys) {
    const text = localStorage.getItem(key);
    if (text !== null) values[key] = text;
  }
  window.__TAURI_INTERNALS__.invoke('plugin:event|emit', { event, payload: { values } });
}

// Restored settings stay in localStorage until the page is left: its state is still that of before the import,
// and would be written over them by the next click, or by a listener that saves when the page goes.
function writeSettings({ texts }, event) {
  const storage = window.localStorage;

  function guard() {
    const kept = new Map();
    const { setItem, removeItem, clear } = Storage.prototype;
    const put = () => kept.forEach((text, key) => setItem.call(storage, key, text));
    const isKept = (area, key) => area === storage && kept.has(String(key));
    Storage.prototype.setItem = function (key, text) {
      if (!isKept(this, key)) setItem.call(this, key, text);
    };
    Storage.prototype.removeItem = function (key) {
      if (!isKept(this, key)) removeItem.call(this, key);
    };
    Storage.prototype.clear = function () {
      clear.call(this);
      if (this === storage) put();
    };
    // `localStorage.key = text` and `delete localStorage.key` pass the functions above by, so the last word is spoken
    // when the page goes, by a listener that is added after all of the page's own.
    window.addEventListener('pagehide', () => {
      put();
      window.addEventListener('unload', put);
    });
    return { kept, put };
  }

  let written = true;
  try {
    const name = '__kirapilotRestoredSettings';
    if (!window[name]) Object.defineProperty(window, name, { value: guard() });
    for (const [key, text] of Object.entries(texts)) window[name].kept.set(key, text);
    window[name].put();
    written = Object.entries(texts).every(([key, text]) => storage.getItem(key) === text);
  } catch {
    written = false; // no room left: the caller tells
  }
  window.__TAURI_INTERNALS__.invoke('plugin:event|emit', { event, payload: { written } });
}

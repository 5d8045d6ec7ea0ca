/** Where the focus goes when a job or a dialog that was begun from a button has ended. */

let origins: HTMLElement[] = [];

/** Remembers the button that something was begun from: while it is disabled, it cannot hold the focus itself. */
export function beganFrom(button: HTMLElement) {
  origins = [...origins.filter((origin) => origin !== button && origin.isConnected), button];
}

/** Gives the focus back to the last such button that is shown, once it is drawn, unless something else has it by then. */
export function giveFocusBack() {
  requestAnimationFrame(() => {
    const shown = origins.filter((origin) => origin.isConnected && origin.getClientRects().length > 0);
    if (document.activeElement === document.body) shown.at(-1)?.focus();
  });
}

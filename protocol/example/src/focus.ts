/** Where the focus goes when a job or a dialog that was begun from a button has ended. */

let origin: HTMLElement | undefined;

/** Remembers the button that something was begun from: while it is disabled, it cannot hold the focus itself. */
export function beganFrom(button: HTMLElement) {
  origin = button;
}

/** Gives the focus back to that button once it is drawn again, unless something else has it by then. */
export function giveFocusBack() {
  requestAnimationFrame(() => {
    if (document.activeElement === document.body) origin?.focus();
  });
}

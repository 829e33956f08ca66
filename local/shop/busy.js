// Buttons that take no press for a while. They keep the focus, which `disabled` would lose.

/** The button says why it takes none. Returns what ends it. */
export function disable(button, words) {
  button.dataset.label ??= button.textContent;
  button.textContent = words;
  button.ariaDisabled = "true";
  return () => {
    button.textContent = button.dataset.label;
    button.ariaDisabled = null;
    button.ariaBusy = null;
  };
}

/** The button says what it waits for. Returns what ends it. */
export function busy(button, words) {
  button.ariaBusy = "true";
  return disable(button, words);
}

export const isDisabled = (button) => button.ariaDisabled === "true";

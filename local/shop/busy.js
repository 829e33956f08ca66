/** The button says what it waits for, and takes no further press; it keeps the focus. Gives what ends it. */
export function busy(button, words) {
  const { textContent } = button;
  button.textContent = words;
  button.ariaDisabled = true;
  button.classList.add("busy");
  const ignore = (event) => {
    event.preventDefault();
    event.stopImmediatePropagation();
  };
  button.addEventListener("click", ignore, { capture: true });
  return () => {
    if (!button.classList.contains("busy")) return;
    button.textContent = textContent;
    button.ariaDisabled = null;
    button.classList.remove("busy");
    button.removeEventListener("click", ignore, { capture: true });
  };
}

// What this browser remembers for the next visit; in a frame without storage, until it is closed.
const kept = new Map();

/** The text of this name, or null. */
export function recall(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return kept.get(name) ?? null;
  }
}

/** Keep a text; null forgets it. */
export function remember(name, text) {
  try {
    if (text === null) localStorage.removeItem(name);
    else localStorage.setItem(name, text);
  } catch {
    kept.set(name, text);
  }
}

/** What one person's browser remembers, whatever is shown. A browser that keeps nothing gives the fallback. */
const PREFIX = "tb_runhistory.";

/** The number kept under the name; `fallback` where there is none, or none that is finite. */
export function readPreference(name: string, fallback: number): number {
  try {
    const text = localStorage.getItem(PREFIX + name);
    const value = text === null || text.trim() === "" ? Number.NaN : Number(text);
    return Number.isFinite(value) ? value : fallback;
  } catch {
    return fallback;
  }
}

/** Keeps the number for later visits, where the browser lets it. Never throws. */
export function writePreference(name: string, value: number): void {
  try {
    localStorage.setItem(PREFIX + name, String(value));
  } catch {
    // Storage is full or forbidden: the preference holds until the page is closed.
  }
}

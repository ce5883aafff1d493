/** What one person's browser remembers, whatever is shown. A browser that keeps nothing gives the fallback. */
const PREFIX = "tb_runhistory.";

/** The text kept under the name; empty where there is none. */
export function readText(name: string): string {
  try {
    return localStorage.getItem(PREFIX + name) ?? "";
  } catch {
    return "";
  }
}

/** Keeps the text for later visits. Returns whether the browser lets it. */
export function writeText(name: string, text: string): boolean {
  try {
    localStorage.setItem(PREFIX + name, text);
    return true;
  } catch {
    return false;
  }
}

/** The number kept under the name; `fallback` where there is none, or none that is finite. */
export function readPreference(name: string, fallback: number): number {
  const text = readText(name);
  const value = text.trim() === "" ? Number.NaN : Number(text);
  return Number.isFinite(value) ? value : fallback;
}

/** Keeps the number for later visits, where the browser lets it: else it holds until the page is closed. */
export function writePreference(name: string, value: number): void {
  writeText(name, String(value));
}

/** What is kept under the name, as it was given; undefined where there is nothing that can be read. To be checked. */
export function readKept(name: string): unknown {
  try {
    return JSON.parse(readText(name));
  } catch {
    return undefined;
  }
}

/** Keeps what JSON can say for later visits, where the browser lets it. Never throws. */
export function writeKept(name: string, value: unknown): void {
  writeText(name, JSON.stringify(value));
}

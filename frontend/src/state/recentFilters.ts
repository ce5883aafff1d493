/** The filters that a person has asked for of late, in the memory of the browser. */
import { isContinued } from "../model/filters";
import { readText, writeText } from "./preferences";

const KEPT = "filters";
const MOST = 8;

/** The last ones, the newest first. */
export function recentFilters(): string[] {
  try {
    const found: unknown = JSON.parse(readText(KEPT) || "[]");
    return Array.isArray(found) ? found.filter((filter) => typeof filter === "string").slice(0, MOST) : [];
  } catch {
    return [];
  }
}

/** Keeps a filter that has been shown; one that was only written on is replaced by it. */
export function rememberFilter(filter: string): void {
  if (filter === "") {
    return;
  }
  const [newest = "", ...others] = recentFilters();
  const before = isContinued(newest, filter) ? others : [newest, ...others];
  const kept = [filter, ...before.filter((other) => other !== filter && other !== "")];
  writeText(KEPT, JSON.stringify(kept.slice(0, MOST)));
}

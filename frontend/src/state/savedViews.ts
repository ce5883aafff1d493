/** The views that a person has given names, in the memory of the browser, and as a file. */
import { useSyncExternalStore } from "react";
import { readText, writeText } from "./preferences";

/** A view under a name. */
export interface SavedView {
  name: string;
  view: string;
}

const KEPT = "views";
const MOST_VIEWS = 200;
const MOST_NAME = 100;
const MOST_TEXT = 10_000;
/** What a file of views has them under. */
const IN_FILE = "runhistory_views";

let known: { text: string; views: readonly SavedView[] } = { text: "", views: [] };
const listeners = new Set<() => void>();

/** All of them, by name. The same array while they are the same. */
export function savedViews(): readonly SavedView[] {
  const text = readText(KEPT);
  if (text !== known.text) {
    known = { text, views: viewsIn(text) ?? [] };
  }
  return known.views;
}

/** All of them, in a component, which is drawn again when they become others, in another window too. */
export function useSavedViews(): readonly SavedView[] {
  return useSyncExternalStore(subscribe, savedViews);
}

/** Keeps a view; one of the same name is replaced. Returns why that cannot be, null if it can. */
export function saveView(name: string, view: string): string | null {
  const others = savedViews().filter((saved) => saved.name !== name.trim());
  return keep([...others, { name: name.trim(), view }]);
}

/** Forgets a view. */
export function removeView(name: string): void {
  keep(savedViews().filter((saved) => saved.name !== name));
}

/** A file with all views. */
export function viewsFile(): string {
  return `${JSON.stringify({ [IN_FILE]: savedViews() }, null, 2)}\n`;
}

/** Takes the views of a file beside those that there are. Returns why that cannot be, null if it can. */
export function takeViewsFile(text: string): string | null {
  const found = viewsIn(text);
  if (found === null) {
    return "This is no file of views: take one that was exported here.";
  }
  const names = new Set(found.map(({ name }) => name));
  return keep([...savedViews().filter(({ name }) => !names.has(name)), ...found]);
}

function keep(views: readonly SavedView[]): string | null {
  const last = views.at(-1);
  if (last !== undefined && (last.name === "" || last.name.length > MOST_NAME)) {
    return `A view has a name, of ${MOST_NAME} characters at most.`;
  }
  if (views.length > MOST_VIEWS || views.some(({ view }) => view.length > MOST_TEXT)) {
    return `At most ${MOST_VIEWS} views are kept, of ${MOST_TEXT.toLocaleString("en")} characters each.`;
  }
  const sorted = [...views].sort((one, other) => one.name.localeCompare(other.name));
  if (!writeText(KEPT, JSON.stringify({ [IN_FILE]: sorted }))) {
    return "This browser keeps nothing: copy the link instead.";
  }
  for (const listener of [...listeners]) {
    listener();
  }
  return null;
}

function viewsIn(text: string): SavedView[] | null {
  try {
    const content: unknown = JSON.parse(text);
    const views = isObject(content) ? content[IN_FILE] : null;
    return Array.isArray(views) && views.every(isView) ? views.map(({ name, view }) => ({ name, view })) : null;
  } catch {
    return null;
  }
}

function isView(value: unknown): value is SavedView {
  const isText = (text: unknown, most: number) => typeof text === "string" && text.length <= most;
  return (
    isObject(value) && value["name"] !== "" && isText(value["name"], MOST_NAME) && isText(value["view"], MOST_TEXT)
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  window.addEventListener("storage", listener);
  return () => {
    listeners.delete(listener);
    window.removeEventListener("storage", listener);
  };
}

import type { MatchingRequest } from "../api/client";

/** The selected runs, by the number of their colour, which they keep for as long as they are selected. */
export type Selection = ReadonlyMap<string, number>;

/** What the server finds the selected runs by: the first of those that meet a filter, below one run or anywhere. */
export type SelectionQuery = MatchingRequest;

/** That what is selected is what a question finds. It holds as long as `selection` is what is selected. */
export interface FoundSelection {
  query: SelectionQuery;
  selection: Selection;
  /** Whether the server has been asked: a link says the question alone. */
  isAsked: boolean;
}

/** No run. */
export const NO_RUNS: Selection = new Map();

/** The selection of `runIds`, whose colours are in their order. */
export function selectionOf(runIds: Iterable<string>): Selection {
  return withRuns(NO_RUNS, runIds);
}

/** Adds runs. Each gets the lowest number that no other has, so that those before it keep theirs. */
export function withRuns(selection: Selection, runIds: Iterable<string>): Selection {
  const next = new Map(selection);
  const taken = new Set(next.values());
  let free = 0;
  for (const runId of runIds) {
    if (!next.has(runId)) {
      while (taken.has(free)) {
        free++;
      }
      taken.add(free);
      next.set(runId, free);
    }
  }
  return inOrder(next);
}

/** Takes runs out; those that stay keep their numbers. */
export function withoutRuns(selection: Selection, runIds: Iterable<string>): Selection {
  const next = new Map(selection);
  for (const runId of runIds) {
    next.delete(runId);
  }
  return next;
}

/** By number, which is the one order that a link says: lines and names stand in the same one after a reload. */
export function inOrder(selection: Selection): Selection {
  return new Map([...selection].sort(([, a], [, b]) => a - b));
}

/** The selected runs, in the order in which they were selected, each with the number of its colour. */
export type Selection = ReadonlyMap<string, number>;

/** The selection of `runIds` in their order. */
export function selectionOf(runIds: Iterable<string>): Selection {
  return withRuns(new Map(), runIds);
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
  return next;
}

/** Takes runs out; those that stay keep their numbers. */
export function withoutRuns(selection: Selection, runIds: Iterable<string>): Selection {
  const next = new Map(selection);
  for (const runId of runIds) {
    next.delete(runId);
  }
  return next;
}

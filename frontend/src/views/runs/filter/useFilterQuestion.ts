/** Asks the server for filters, of which only the latest matters. */
import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef } from "react";
import { ApiError } from "../../../api/client";
import { askOnce } from "../../../data/liveQuery";
import { type Listing, pageQuestion } from "../../../data/useRunPages";
import { type FilterProblem, indexAt, isTooLong, tooLong } from "../../../model/filters";
import { ROOTS } from "../../../model/rows";

/** What asks for a filter after a while, and gives up what was asked before. */
interface FilterQuestion {
  ask: (filter: string, after: number, onAnswer: (problem: FilterProblem | null) => void) => void;
  giveUp: () => void;
}

/**
 * The first page of matches is what is asked for, so that it is there when the filter is the page's. `onAnswer` is told
 * why the filter cannot be shown, null where it can.
 */
export function useFilterQuestion(listing: Listing): FilterQuestion {
  const client = useQueryClient();
  const latest = useRef(listing);
  useEffect(() => {
    latest.current = listing;
  });
  const end = useRef(() => {});
  const giveUp = useCallback(() => end.current(), []);
  useEffect(() => giveUp, [giveUp]);
  const ask = useCallback<FilterQuestion["ask"]>(
    (filter, after, onAnswer) => {
      giveUp();
      const question = { ...latest.current, filter };
      let isOver = false;
      const timer = setTimeout(async () => {
        const problem = await problemOf(client, question);
        if (!isOver) {
          onAnswer(problem);
        }
        isOver = true;
      }, after);
      end.current = () => {
        clearTimeout(timer);
        if (!isOver) {
          isOver = true;
          void client.cancelQueries({ queryKey: firstPage(question).key, exact: true, type: "inactive" });
        }
      };
    },
    [client, giveUp],
  );
  return { ask, giveUp };
}

function firstPage(listing: Listing) {
  return pageQuestion(listing, { parent: ROOTS, page: 0 });
}

async function problemOf(client: QueryClient, listing: Listing): Promise<FilterProblem | null> {
  const { filter } = listing;
  if (filter === "") {
    return null;
  }
  if (isTooLong(filter)) {
    return tooLong(filter);
  }
  try {
    await askOnce(client, firstPage(listing));
    return null;
  } catch (error) {
    return problemIn(error, filter);
  }
}

/** What the server says of a filter that it refuses. */
export function problemIn(error: unknown, filter: string): FilterProblem {
  if (!(error instanceof ApiError)) {
    return { sentence: String(error), at: null };
  }
  const { position } = error.wrong;
  return { sentence: error.message, at: position === null ? null : indexAt(filter, position) };
}

/** Whether news of the store arrive: what all that follows the store depends on. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { ApiError } from "../api/client";
import { askAgain, askFailedAgain, VERSION_KEY, VERSION_QUESTION } from "./liveQuery";

/** How often to ask whether something changed, in milliseconds. */
const POLL_EVERY = 2000;

/** "silent" is a server that takes a question and does not answer it, "lost" one that is gone or refuses. */
export type Connection = "starting" | "live" | "silent" | "lost";

/** What the latest question for the store's version has brought. */
export interface StoreState {
  connection: Connection;
  /** Why the server does not say its version now. */
  problem: string | null;
  /** Asks at once. */
  retry: () => void;
}

/** Follows the store's version while the page is in sight. To be used once in a page. */
export function useVersion(): StoreState {
  const client = useQueryClient();
  const { data, failureReason } = useQuery({
    ...VERSION_QUESTION,
    refetchInterval: POLL_EVERY,
    refetchOnWindowFocus: "always",
  });
  const isLost = failureReason !== null;
  const wasLost = useRef(false);
  useEffect(() => {
    if (wasLost.current && !isLost) {
      // The store is back: what failed meanwhile does not wait for its own next try.
      askFailedAgain(client);
    }
    wasLost.current = isLost;
  }, [client, isLost]);
  return {
    connection: isLost ? (isSilence(failureReason) ? "silent" : "lost") : data === undefined ? "starting" : "live",
    problem: failureReason?.message ?? null,
    retry: () => askAgain(client, VERSION_KEY),
  };
}

function isSilence(problem: Error): boolean {
  return problem instanceof ApiError && problem.isSilence;
}

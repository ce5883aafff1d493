/** What there is to show of an experiment. */
import { getOverview } from "../api/client";
import type { Overview } from "../api/messages";
import { usePage } from "../state/store";
import { type LiveAnswer, useLiveQuery } from "./liveQuery";

/** In a large store it takes a while to count: it is asked for a tenth of the time at most. */
const REST = 9;

/** The experiments, and the columns of one of them, or of all where `experiment` is empty. */
export function useOverview(experiment: string): LiveAnswer<Overview> {
  const stages = usePage((page) => page.stages);
  return useLiveQuery({
    key: ["overview", experiment, stages],
    ask: (signal) => getOverview(experiment, signal, stages),
    keeps: ([, earlier]) => earlier === experiment,
    rest: REST,
  });
}

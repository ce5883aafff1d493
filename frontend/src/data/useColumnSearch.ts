/** The columns in whose names a text stands, of all that there are: the server looks for them. */
import { type ColumnPageRequest, getColumns } from "../api/client";
import type { ColumnPage } from "../api/messages";
import { usePage } from "../state/store";
import { type LiveAnswer, useLiveQuery } from "./liveQuery";

/** As many as anybody reads through before typing another letter. */
const MOST_FOUND = 200;

/** Asks while `isWanted`; the earlier answer stays while the next letter's is on its way. */
export function useColumnSearch(
  experiment: string,
  kind: ColumnPageRequest["kind"],
  text: string,
  isWanted: boolean,
): LiveAnswer<ColumnPage> {
  const stages = usePage((page) => page.stages);
  return useLiveQuery({
    key: ["columns", experiment, kind, text, stages],
    ask: (signal) => getColumns({ experiment, stages, kind, text, offset: 0, limit: MOST_FOUND }, signal),
    isWanted,
    keeps: ([, earlierExperiment, earlierKind]) => earlierExperiment === experiment && earlierKind === kind,
  });
}

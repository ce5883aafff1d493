/** The colours of runs and groups, the same in every view: each run's own, or by what it has in a column. */
import { useMemo } from "react";
import { getGroupPage } from "../api/client";
import type { Cell } from "../api/messages";
import { MOST_LINES } from "../model/chartView";
import { type ColorScale, MOST_CATEGORIES, placeIn, scaleOf } from "../model/colorScale";
import { FILL } from "../model/columnText";
import { coloredBy, selectionIn } from "../state/page";
import { usePage } from "../state/store";
import { colorOf, NEUTRAL, shadeOf, type Theme } from "../theme/palette";
import { useLiveQuery } from "./liveQuery";
import { useRunValues } from "./useRunValues";

/** It is over all runs, and cheap to be late with: asked for a tenth of the time at most. */
const REST = 9;
const NOBODY: readonly string[] = [];

/** What colours mean. */
export interface Coloring {
  /** The column that they follow; null where each run has its own. */
  column: string | null;
  /** Null until it is known, and where each run has its own. */
  scale: ColorScale | null;
  /** The colour of a selected run; null where it has its own. */
  ofRun: (runId: string) => string | null;
  /** The colour of a value of the column. */
  ofValue: (value: Cell) => string;
}

/** The scale is of all runs of the experiment, whatever is shown: so that a filter changes no colour. */
export function useColoring(theme: Theme): Coloring {
  const column = usePage(coloredBy);
  const selection = usePage(selectionIn);
  const runIds = useMemo(
    () => (column === null ? NOBODY : [...selection.keys()].slice(0, MOST_LINES)),
    [selection, column],
  );
  const scale = useColorScale(column);
  const values = useRunValues(runIds, column);
  return useMemo(() => {
    const ofValue = (value: Cell) => {
      const place = scale && placeIn(scale, value);
      return place === null
        ? NEUTRAL[theme]
        : "share" in place
          ? shadeOf(place.share, theme)
          : colorOf(place.number, theme);
    };
    const ofRun = (runId: string) => (column === null ? null : ofValue(values.get(runId) ?? null));
    return { column, scale, ofRun, ofValue };
  }, [column, scale, values, theme]);
}

function useColorScale(column: string | null): ColorScale | null {
  const experiment = usePage((page) => page.experiment);
  const stages = usePage((page) => page.stages);
  const { content } = useLiveQuery({
    key: ["colors", experiment, stages, column],
    ask: async (signal) => {
      const of = { by: column ?? "", experiment, ...(stages && { stages }), filter: "", sort: "value", fill: FILL };
      const page = { ...of, offset: 0, columns: [] };
      const { total, groups } = await getGroupPage({ ...page, order: "asc", limit: MOST_CATEGORIES + 1 }, signal);
      const valueAt = async (offset: number, order: "asc" | "desc") =>
        (await getGroupPage({ ...page, offset, order, limit: 1 }, signal)).groups[0]?.value ?? null;
      const isMany = total > MOST_CATEGORIES;
      const [middle = null, last = null] = isMany
        ? await Promise.all([valueAt(Math.floor(total / 2), "asc"), valueAt(0, "desc")])
        : [];
      return scaleOf({ total, first: groups, middle, last });
    },
    isWanted: column !== null,
    rest: REST,
  });
  return column === null ? null : (content ?? null);
}

/** What the table asks the server for, and which columns it shows. */
import { useMemo } from "react";
import type { Overview } from "../../api/messages";
import type { Listing } from "../../data/useRunPages";
import { EXPERIMENT, isAsked, metricColumn } from "../../model/columns";
import { columnsIn } from "../../model/filters";
import { commonColumns, firstColumns } from "../../model/firstChoice";
import { PROGRESS_COLUMNS } from "../../model/progress";
import { coloredBy, metricIn } from "../../state/page";
import { usePage } from "../../state/store";

/** The server gives a page no more columns than 200: there is room for the chart's metric, the order's, and the colours'. */
const MOST_COLUMNS = 197;
const NOTHING: readonly string[] = [];

/** What the table is made from. */
export interface TableListing {
  listing: Listing;
  /** The columns that are shown, in order. */
  shown: readonly string[];
}

/**
 * The listing of the page's experiment and order. It changes only where another answer is wanted: with the chart's metric
 * only where this has no column yet.
 */
export function useListing(overview: Overview): TableListing {
  const experiment = usePage((page) => page.experiment);
  const sort = usePage((page) => page.sort);
  const order = usePage((page) => page.order);
  const filter = usePage((page) => page.filter);
  const show = usePage((page) => page.show);
  const stages = usePage((page) => page.stages);
  const chosen = usePage((page) => page.columns);
  const telling = usePage((page) => page.own?.telling ?? NOTHING);
  const metric = usePage(metricIn);
  const groupBy = usePage((page) => page.groupBy);
  const colored = usePage(coloredBy);
  const { has_progress } = overview;
  const columnsKey = JSON.stringify(overview.columns.map(({ column }) => column));
  // biome-ignore lint/correctness/useExhaustiveDependencies: equal columns are the same columns, however many runs have them.
  const columns = useMemo(() => overview.columns, [columnsKey]);
  const common = useMemo(() => commonColumns(columns), [columns]);
  const isWhole = experiment === "" && overview.experiments.length > 1;
  const shown = useMemo(() => {
    const foremost = [...columnsIn(filter, common), ...telling];
    const first = () => withExperiment(firstColumns(common, metric, foremost), isWhole);
    return chosen?.slice(0, MOST_COLUMNS) ?? first();
  }, [chosen, common, metric, telling, filter, isWhole]);
  const asked = useMemo(() => {
    const base = (chosen?.slice(0, MOST_COLUMNS) ?? common).filter(isAsked);
    const more = [
      ...(metric === null ? [] : [metricColumn(metric)]),
      ...(isAsked(sort) ? [sort] : []),
      ...(colored === null ? [] : [colored]),
    ];
    const columns = [...new Set([...base, ...more])];
    const hasRoom = groupBy.length === 0 && columns.length <= MOST_COLUMNS;
    return has_progress && hasRoom ? [...new Set([...columns, ...PROGRESS_COLUMNS])] : columns;
  }, [chosen, common, metric, sort, colored, groupBy, has_progress]);
  const askedKey = JSON.stringify(asked);
  // biome-ignore lint/correctness/useExhaustiveDependencies: equal columns are the same columns.
  const listing = useMemo(
    () => ({ experiment, stages, filter, show, sort, order, groupBy, columns: asked }),
    [experiment, stages, filter, show, sort, order, groupBy, askedKey],
  );
  return { listing, shown };
}

/** Behind the state, which stands first. */
function withExperiment(columns: readonly string[], isWhole: boolean): readonly string[] {
  return isWhole ? columns.toSpliced(1, 0, EXPERIMENT) : columns;
}

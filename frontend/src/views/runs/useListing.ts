/** What the table asks the server for, and which columns it shows. */
import { useMemo } from "react";
import type { Overview } from "../../api/messages";
import type { Listing } from "../../data/useRunPages";
import { kindOf, metricColumn } from "../../model/columns";
import { columnsIn } from "../../model/filters";
import { firstColumns } from "../../model/firstChoice";
import { metricIn } from "../../state/page";
import { usePage } from "../../state/store";

/** How many parameters and how many metrics have a column at first: more of each are seldom looked at together. */
const FIRST_COLUMNS = 20;
/** The server gives a page no more columns than 200, two of which are the chart's metric and what is sorted by. */
const MOST_COLUMNS = 198;
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
  const chosen = usePage((page) => page.columns);
  const telling = usePage((page) => page.own?.telling ?? NOTHING);
  const metric = usePage(metricIn);
  const columnsKey = JSON.stringify(overview.columns.map(({ column }) => column));
  // biome-ignore lint/correctness/useExhaustiveDependencies: equal columns are the same columns, however many runs have them.
  const columns = useMemo(() => overview.columns, [columnsKey]);
  const shown = useMemo(() => {
    const ids = columns.map(({ column }) => column);
    const foremost = [...columnsIn(filter, ids), ...telling];
    return chosen?.slice(0, MOST_COLUMNS) ?? firstColumns(columns, metric, foremost, FIRST_COLUMNS);
  }, [chosen, columns, metric, telling, filter]);
  const asked = useMemo(() => {
    const base = chosen?.slice(0, MOST_COLUMNS) ?? firstColumns(columns, null, NOTHING, FIRST_COLUMNS);
    const more = [...(metric === null ? [] : [metricColumn(metric)]), ...(kindOf(sort) === "field" ? [] : [sort])];
    return [...new Set([...base, ...more])];
  }, [chosen, columns, metric, sort]);
  const askedKey = JSON.stringify(asked);
  // biome-ignore lint/correctness/useExhaustiveDependencies: equal columns are the same columns.
  const listing = useMemo(
    () => ({ experiment, filter, show, sort, order, columns: asked }),
    [experiment, filter, show, sort, order, askedKey],
  );
  return { listing, shown };
}

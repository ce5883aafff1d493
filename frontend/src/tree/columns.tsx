/** The columns of the tree: what each shows, how wide it is, and how the server sorts by it. */
import { columnPinningFeature, columnSizingFeature, createColumnHelper, tableFeatures } from "@tanstack/react-table";
import { cellOf, cellText, columnName, durationText, startText } from "./format";
import type { RunRow } from "./rows";
import { Status } from "./Status";

/** What of the table library the tree uses. */
export const features = tableFeatures({ columnPinningFeature, columnSizingFeature });
const column = createColumnHelper<typeof features, RunRow>();

/** The column that stays in place; its id is also what the server sorts it by, as those of all columns. */
export const NAME = "name";
/** CSS pixels. */
export const NAME_WIDTH = 300;
/** CSS pixels, as in tree.css. */
export const ROW_HEIGHT = 30;
/** CSS pixels, as in tree.css. */
export const HEADER_HEIGHT = 34;

/** Words are sorted upwards at first, numbers and times downwards. */
export const SORTED_UPWARDS: ReadonlySet<string> = new Set([NAME, "status"]);

/** Whether a column's values are numbers: of a parameter, whether they are in those of `rows` that have it. */
export function isNumeric(id: string, rows: readonly RunRow[]): boolean {
  if (!id.startsWith("param:")) {
    return id === "duration" || id.startsWith("metric:");
  }
  const cells = rows.map(({ run, page }) => cellOf(run, page.columns, id)).filter((cell) => cell !== null);
  return cells.length > 0 && cells.every((cell) => cellText(cell).numeric);
}

function Text({ text, title, numeric }: { text: string; title: string; numeric: boolean }) {
  return (
    <span className={numeric ? "value value-numeric" : "value"} title={title}>
      {text}
    </span>
  );
}

const FIXED = [
  column.display({ id: NAME, header: "Run", size: NAME_WIDTH }),
  column.display({ id: "status", header: "Status", size: 132, cell: ({ row }) => <Status run={row.original.run} /> }),
  column.display({
    id: "started",
    header: "Started",
    size: 148,
    cell: ({ row: { original } }) => <Text {...startText(original.run.started_at, original.page.now)} />,
  }),
  column.display({
    id: "duration",
    header: "Duration",
    size: 104,
    cell: ({ row: { original } }) => <Text {...durationText(original.run, original.page.now)} />,
  }),
];

/** The columns that every run has, and those of the shown parameters and metrics. */
export function treeColumns(shown: readonly string[]) {
  return column.columns([
    ...FIXED,
    ...shown.map((id) => {
      const { name } = columnName(id);
      return column.display({
        id,
        header: name,
        // Six digits with sign and zeros before them, as format.ts writes a number, take 88 of these pixels.
        size: Math.min(200, Math.max(112, Math.ceil(name.length * 7.2) + 54)),
        cell: ({ row: { original } }) => <Text {...cellText(cellOf(original.run, original.page.columns, id))} />,
      });
    }),
  ]);
}

/** What can be done with one row: selecting it, or what it stands for, in place of others or beside them. */
import { metricColumn, nameOf, ownColumn } from "../../model/columns";
import { allOf, conditionsIn, type Group, groupName } from "../../model/groups";
import type { GroupRow, RunRow } from "../../model/rows";
import { selectionOf } from "../../model/selection";
import { chosenIn, metricIn } from "../../state/page";
import { useChange, usePage } from "../../state/store";
import { Menu, type MenuItem, type MenuPlace } from "../../ui/Menu";
import type { SelectFound } from "./useSelectFound";

/** The row that somebody wants a menu of, and where it is to stand. */
export interface MenuOf {
  row: RunRow | GroupRow;
  at: MenuPlace;
}

interface RowMenuProps {
  menu: MenuOf;
  /** What the table shows of all runs. */
  filter: string;
  select: SelectFound;
  onClose: () => void;
}

/** So many of the best are as many as can be told apart in a chart at a glance. */
const BEST = 5;

/** Under a filter what stands below a run is what meets it. */
export function RowMenu({ menu: { row, at }, filter, select, onClose }: RowMenuProps) {
  const change = useChange();
  const metric = usePage(metricIn);
  const best = metric === null ? null : bestOf(metric);
  const only = (runId: string) =>
    change((page) => ({ ...chosenIn(page), selected: selectionOf([runId]), selectedBy: null }));
  const items =
    row.kind === "run" ? itemsOfRun(row, filter, select, best, only) : itemsOfGroup(row.group, filter, select, best);
  const name = row.kind === "run" ? row.run.name : nameOfGroup(row.group);
  return <Menu label={`Menu of ${name}`} at={at} items={items} onClose={onClose} />;
}

interface Best {
  /** What the best are selected by, in words. */
  name: string;
  filter: string;
  sort: string;
}

/** Of runs without the metric there is no best, however few have it. */
function bestOf(metric: string): Best {
  const sort = ownColumn(metricColumn(metric));
  return { name: nameOf(sort), sort, filter: `${sort} IS NOT NULL` };
}

function itemsOfRun(
  { run }: RunRow,
  filter: string,
  select: SelectFound,
  best: Best | null,
  only: (runId: string) => void,
): MenuItem[] {
  const { run_id: below, children } = run;
  const onlyThis = { label: "Only this run", onChoose: () => only(below) };
  if (children === 0) {
    return [onlyThis];
  }
  const ofParent = allOf([filter, `parent.id = '${below}'`]);
  return [
    onlyThis,
    { label: "Only it and all below", onChoose: () => void select({ below }, "only") },
    ...bestItem(best, "below", (asked) => select({ ...asked, below }, "only"), filter),
    {
      label: children === 1 ? "Add its child" : `Add its ${children.toLocaleString("en")} children`,
      onChoose: () => void select({ filter: ofParent }, "add"),
    },
    { label: "Add it and all below", onChoose: () => void select({ below }, "add") },
    { label: "Take it and all below out", onChoose: () => void select({ below }, "remove") },
  ];
}

function itemsOfGroup({ key }: Group, filter: string, select: SelectFound, best: Best | null): MenuItem[] {
  const inGroup = allOf([filter, ...(conditionsIn(key) ?? [])]);
  return [
    { label: "Only this group", onChoose: () => void select({ filter: inGroup }, "only") },
    ...bestItem(best, "in it", (asked) => select(asked, "only"), inGroup),
    { label: "Add this group", onChoose: () => void select({ filter: inGroup }, "add") },
    { label: "Take this group out", onChoose: () => void select({ filter: inGroup }, "remove") },
  ];
}

function bestItem(
  best: Best | null,
  where: string,
  select: (asked: Parameters<SelectFound>[0]) => Promise<unknown>,
  filter: string,
): MenuItem[] {
  if (best === null) {
    return [];
  }
  const asked = { filter: allOf([filter, best.filter]), sort: best.sort, order: "best", limit: BEST } as const;
  return [{ label: `Only the best ${BEST} ${where} by ${best.name}`, onChoose: () => void select(asked) }];
}

function nameOfGroup(group: Group): string {
  const { column, value } = groupName(group);
  return `${column}: ${value ?? "none"}`;
}

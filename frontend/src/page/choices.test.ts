import { describe, expect, test } from "vitest";
import { ROOTS, toRows } from "../tree/rows";
import { arrived, samplePage, samplePages, sampleRun } from "../tree/samples";
import { nextSort, withNames } from "./Runs";
import { firstChoice } from "./useFirstChoice";

const COLUMNS = { columns: ["metric:loss"] };
const HAS = { cells: [0.5] };
const LACKS = { cells: [null] };

describe("the runs that the chart begins with", () => {
  test("are the first five that have its metric", () => {
    const runs = "abcdefg".split("").map((id) => sampleRun(id, id === "b" ? LACKS : HAS));
    const rows = toRows(samplePages({ [ROOTS]: [arrived(samplePage(runs, COLUMNS))] }), new Set());
    expect(firstChoice(rows, "loss")).toEqual({ kind: "select", runIds: ["a", "c", "d", "e", "f"] });
  });

  test("are looked for below the first parent, level by level", () => {
    const sweep = arrived(samplePage([sampleRun("sweep", { ...LACKS, children: 1 })], COLUMNS));
    const trial = arrived(samplePage([sampleRun("trial", { ...LACKS, children: 1 })], COLUMNS));
    const fold = arrived(samplePage([sampleRun("fold", HAS)], COLUMNS));
    const choice = (pages: Parameters<typeof samplePages>[0], expanded: string[]) =>
      firstChoice(toRows(samplePages(pages), new Set(expanded)), "loss");
    expect(choice({ [ROOTS]: [sweep] }, [])).toEqual({ kind: "expand", runId: "sweep" });
    expect(choice({ [ROOTS]: [sweep] }, ["sweep"])).toEqual({ kind: "wait" });
    expect(choice({ [ROOTS]: [sweep], sweep: [trial] }, ["sweep"])).toEqual({ kind: "expand", runId: "trial" });
    expect(choice({ [ROOTS]: [sweep], sweep: [trial], trial: [fold] }, ["sweep", "trial"])).toEqual({
      kind: "select",
      runIds: ["fold"],
    });
  });

  test("are none as long as nothing has arrived, or nothing has the metric", () => {
    expect(firstChoice([], "loss")).toEqual({ kind: "wait" });
    const rows = toRows(samplePages({ [ROOTS]: [arrived(samplePage([sampleRun("a", LACKS)], COLUMNS))] }), new Set());
    expect(firstChoice(rows, "loss")).toEqual({ kind: "wait" });
  });
});

test("a column sorts numbers downwards, then upwards, then not", () => {
  const down = nextSort({ sort: "created", order: "desc" }, "metric:loss");
  const up = nextSort(down, "metric:loss");
  expect(down).toEqual({ sort: "metric:loss", order: "desc" });
  expect(up).toEqual({ sort: "metric:loss", order: "asc" });
  expect(nextSort(up, "metric:loss")).toEqual({ sort: "created", order: "desc" });
});

test("a column of words sorts upwards first", () => {
  expect(nextSort({ sort: "created", order: "desc" }, "name")).toEqual({ sort: "name", order: "asc" });
});

test("a child is named after its parent, and keeps the name when it is out of sight", () => {
  const pages = samplePages({
    [ROOTS]: [arrived(samplePage([sampleRun("a", { name: "sweep", children: 1 })]))],
    a: [arrived(samplePage([sampleRun("b", { name: "fold-0" })]))],
  });
  const open = withNames(new Map(), toRows(pages, new Set(["a"])));
  expect(open.get("b")).toBe("sweep/fold-0");
  expect(withNames(open, toRows(pages, new Set()))).toBe(open);
});

import { describe, expect, test } from "vitest";
import { arrived, manyRuns, samplePage, samplePages, sampleRun } from "../testing/runs";
import { commonColumns, firstChoice, firstColumns, firstMetric } from "./firstChoice";
import { ROOTS } from "./rows";

const COLUMNS = { columns: ["metrics.loss", "inherited.params.lr", "inherited.params.seed"] };
const has = (lr = 0.1) => ({ cells: [0.5, lr, 7] });
const LACKS = { cells: [null, null, null] };

const counted = (names: Record<string, number>) => Object.entries(names).map(([column, runs]) => ({ column, runs }));

describe("the metric to begin with", () => {
  test.each([
    [{ "metrics.accuracy/train": 9, "metrics.accuracy/test": 9, "metrics.loss/train": 9 }, "accuracy/test"],
    [{ "metrics.epoch": 100, "metrics.gpu/memory": 100, "metrics.loss": 95 }, "loss"],
    [{ "metrics.a": 100, "metrics.val_loss": 3 }, "a"],
    [{ "metrics.time": 5 }, "time"],
    [{ "inherited.params.lr": 5 }, null],
    [{}, null],
  ])("of %j is %j", (names, metric) => expect(firstMetric(counted(names))).toBe(metric));
});

describe("the columns to begin with", () => {
  const common = ["metrics.a", "metrics.b", "metrics.c", "inherited.params.seed", "inherited.params.lr"];

  test("are the chart's metric, what tells the rows apart, and the other metrics", () => {
    const telling = ["metrics.b", "inherited.params.lr", "inherited.params.gone"];
    expect(firstColumns(common, "c", telling)).toEqual([
      "status",
      "metrics.c",
      "metrics.b",
      "inherited.params.lr",
      "metrics.a",
      "started",
      "duration",
    ]);
  });

  test("are all parameters where none tells rows apart", () => {
    expect(firstColumns(common, null, ["metrics.a"]).slice(2, 4)).toEqual([
      "inherited.params.seed",
      "inherited.params.lr",
    ]);
  });

  test("are of 220 parameters so few that there is room for the metric, of which no overview has to speak", () => {
    const columns = counted(Object.fromEntries(Array.from({ length: 220 }, (_, i) => [`inherited.params.p${i}`, 1])));
    const shown = firstColumns(commonColumns(columns), "loss", []);
    expect(shown[1]).toBe("metrics.loss");
    expect(shown.length).toBe(24);
  });
});

describe("the runs that the chart begins with", () => {
  const found = (pages: Parameters<typeof samplePages>[0], metric: string | null = "loss") => {
    const looking = firstChoice(samplePages(pages), metric);
    return looking.kind === "found" ? looking.runs : looking.page;
  };

  test("are the first five that have its metric", () => {
    const runs = "abcdefg".split("").map((id) => sampleRun(id, id === "b" ? LACKS : has()));
    expect(found({ [ROOTS]: [arrived(samplePage(runs, COLUMNS))] })).toEqual({
      expanded: [],
      selected: ["a", "c", "d", "e", "f"],
      telling: ["metrics.loss"],
    });
  });

  test("are none of those that only have the best of what is below them", () => {
    const rolled = { cells: [{ rolled_up: 0.5, over: 1, best: "trial" }, null, null], children: 1 };
    const sweep = arrived(samplePage([sampleRun("sweep", rolled)], COLUMNS));
    expect(found({ [ROOTS]: [sweep] })).toEqual({ parent: "sweep", page: 0 });
    const trial = arrived(samplePage([sampleRun("trial", has())], COLUMNS));
    expect(found({ [ROOTS]: [sweep], sweep: [trial] })).toEqual({
      expanded: ["sweep"],
      selected: ["trial"],
      telling: ["metrics.loss"],
    });
  });

  test("are looked for below the newest sweep, level by level, each time with the page that is needed", () => {
    const sweep = arrived(
      samplePage([sampleRun("sweep", { ...LACKS, children: 1 }), sampleRun("old", has())], COLUMNS),
    );
    const mean = { columns: ["metrics.loss", "metrics.accuracy", "inherited.params.seed"] };
    const trial = arrived(
      samplePage(
        [sampleRun("trial", { cells: [null, 0.9, 1], children: 1 }), sampleRun("b", { cells: [null, 0.8, 2] })],
        mean,
      ),
    );
    const fold = arrived(samplePage([sampleRun("fold-0", has(1)), sampleRun("fold-1", has(2))], COLUMNS));
    expect(found({})).toEqual({ parent: ROOTS, page: 0 });
    expect(found({ [ROOTS]: [sweep] })).toEqual({ parent: "sweep", page: 0 });
    expect(found({ [ROOTS]: [sweep], sweep: [trial] })).toEqual({ parent: "trial", page: 0 });
    expect(found({ [ROOTS]: [sweep], sweep: [trial], trial: [fold] })).toEqual({
      expanded: ["sweep", "trial"],
      selected: ["fold-0", "fold-1"],
      telling: ["metrics.loss", "metrics.accuracy", "inherited.params.seed", "inherited.params.lr"],
    });
  });

  test("are found in a family of more than one page, from its first", () => {
    const sweep = arrived(samplePage([sampleRun("sweep", { ...LACKS, children: 2000 })], COLUMNS));
    const first = arrived(
      samplePage(
        manyRuns("t").map((run) => ({ ...run, ...has() })),
        { ...COLUMNS, total: 2000 },
      ),
    );
    expect(found({ [ROOTS]: [sweep], sweep: [first] })).toMatchObject({
      expanded: ["sweep"],
      selected: ["t-0", "t-1", "t-2", "t-3", "t-4"],
    });
  });

  test("are of the next family where the newest has failed", () => {
    const trials = [sampleRun("failed", { ...LACKS, children: 1 }), sampleRun("good", { ...LACKS, children: 1 })];
    const pages = {
      [ROOTS]: [arrived(samplePage([sampleRun("sweep", { ...LACKS, children: 2 })], COLUMNS))],
      sweep: [arrived(samplePage(trials, COLUMNS))],
      failed: [arrived(samplePage([sampleRun("f", LACKS)], COLUMNS))],
    };
    expect(found(pages)).toEqual({ parent: "good", page: 0 });
    expect(found({ ...pages, good: [arrived(samplePage([sampleRun("g", has())], COLUMNS))] })).toMatchObject({
      expanded: ["sweep", "good"],
      selected: ["g"],
    });
  });

  test("are below the newest sweep even if it has the metric itself, unless nothing below it has", () => {
    const roots = [sampleRun("sweep", { ...has(1), children: 2 }), sampleRun("old", has(2))];
    const pages = {
      [ROOTS]: [arrived(samplePage(roots, COLUMNS))],
      sweep: [arrived(samplePage([sampleRun("a", has(1)), sampleRun("b", has(2))], COLUMNS))],
    };
    expect(found(pages)).toMatchObject({ expanded: ["sweep"], selected: ["a", "b"] });
    const without = [arrived(samplePage([sampleRun("a", LACKS)], COLUMNS))];
    expect(found({ ...pages, sweep: without })).toMatchObject({ expanded: [], selected: ["old"] });
  });

  test("are older ones where the newest sweep has nothing to show", () => {
    const roots = [sampleRun("sweep", { ...LACKS, children: 1 }), sampleRun("old", has())];
    const failed = arrived(samplePage([sampleRun("trial", LACKS)], COLUMNS));
    expect(found({ [ROOTS]: [arrived(samplePage(roots, COLUMNS))], sweep: [failed] })).toMatchObject({
      expanded: [],
      selected: ["old"],
    });
  });

  test("are those of the newest sweep, with its own metric, however common another is", () => {
    const columns = ["metrics.mse", "metrics.accuracy", "metrics.accuracy/mean"];
    const roots = [
      sampleRun("new", { cells: [null, null, 0.9], children: 2 }),
      sampleRun("old", { cells: [3, null, null], children: 9 }),
    ];
    const trials = [sampleRun("t", { cells: [null, 0.8, null] }), sampleRun("u", { cells: [null, 0.7, null] })];
    const pages = {
      [ROOTS]: [arrived(samplePage(roots, { columns }))],
      new: [arrived(samplePage(trials, { columns }))],
    };
    expect(found({ [ROOTS]: pages[ROOTS] }, null)).toEqual({ parent: "new", page: 0 });
    const looking = firstChoice(samplePages(pages), null);
    expect(looking).toMatchObject({
      kind: "found",
      metric: "accuracy",
      runs: { expanded: ["new"], selected: ["t", "u"] },
    });
    expect(firstChoice(samplePages({ [ROOTS]: [arrived(samplePage([], { columns }))] }), null)).toMatchObject({
      metric: null,
      runs: { selected: [] },
    });
  });

  test("are none where nothing has the metric", () => {
    expect(found({ [ROOTS]: [arrived(samplePage([sampleRun("a", LACKS)], COLUMNS))] })).toMatchObject({ selected: [] });
    expect(found({ [ROOTS]: [arrived(samplePage([], COLUMNS))] })).toMatchObject({ selected: [] });
  });
});

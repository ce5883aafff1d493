import { cleanup, fireEvent, render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Overview } from "../api/messages";
import { writePreference } from "../state/preferences";
import { selectionOf } from "../state/selection";
import { colorOf } from "../theme/palette";
import type { MetricChartProps } from "../views/charts/MetricChart";
import { ChartPanel } from "./ChartPanel";
import { ColumnChoice } from "./ColumnChoice";
import { Banner, EmptyExperiment, NoRuns, Trouble } from "./notices";
import { Split } from "./Split";
import { Toolbar } from "./Toolbar";

/** What the chart was given last. */
let drawn: MetricChartProps | undefined;

vi.mock("../views/charts/MetricChart", () => ({
  MetricChart: (props: MetricChartProps) => {
    drawn = props;
    return <div>{props.heading}</div>;
  },
}));

let isWide = true;

beforeEach(() => {
  drawn = undefined;
  isWide = true;
  localStorage.clear();
  vi.stubGlobal("CSS", { escape: (text: string) => text });
  vi.stubGlobal("matchMedia", () => ({ matches: isWide, addEventListener: () => {}, removeEventListener: () => {} }));
});

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

const COLUMNS = [
  { column: "param:lr", runs: 1200 },
  { column: "param:optimizer:name", runs: 3 },
  { column: "metric:loss", runs: 7 },
  { column: "metric:Accuracy", runs: 5 },
];

describe("the choice of columns", () => {
  async function choice(shown: readonly string[], columnCount = COLUMNS.length) {
    const onChange = vi.fn();
    render(<ColumnChoice columns={COLUMNS} columnCount={columnCount} shown={shown} onChange={onChange} />);
    const user = userEvent.setup();
    await user.click(screen.getByRole("button", { name: /Columns/ }));
    const dialog = within(await screen.findByRole("dialog", { name: "Columns" }));
    return {
      user,
      onChange,
      dialog,
      box: (name: RegExp) => dialog.getByRole<HTMLInputElement>("checkbox", { name }),
      press: (name: string) => user.click(dialog.getByRole("button", { name })),
      find: (text: string) => user.type(dialog.getByRole("searchbox", { name: "Find a column" }), text),
    };
  }

  test("says how many are shown, and marks them, apart by kind", async () => {
    const { dialog, box } = await choice(["metric:loss"]);
    expect(screen.getByText("1 of 4")).toBeTruthy();
    expect(box(/^loss/).checked).toBe(true);
    expect(box(/^lr/).checked).toBe(false);
    const parameters = within(dialog.getByRole("group", { name: "Parameters" }));
    expect(parameters.getAllByRole("checkbox")).toHaveLength(2);
    expect(parameters.getByText("optimizer:name")).toBeTruthy();
    expect(parameters.getByText("1,200")).toBeTruthy();
  });

  test("keeps the server's order, whichever is shown last", async () => {
    const { user, box, onChange } = await choice(["metric:loss"]);
    await user.click(box(/^lr/));
    expect(onChange.mock.calls).toEqual([[["param:lr", "metric:loss"]]]);
  });

  test("can hide the last one: no column is a choice too", async () => {
    const { user, box, onChange } = await choice(["metric:loss"]);
    await user.click(box(/^loss/));
    expect(onChange.mock.calls).toEqual([[[]]]);
  });

  test("is searched in either case, and shows or hides only what was found", async () => {
    const { dialog, find, press, onChange } = await choice(["param:lr"]);
    await find("ACC");
    expect(dialog.getAllByRole("checkbox")).toHaveLength(1);
    await press("Show all");
    expect(onChange).toHaveBeenLastCalledWith(["param:lr", "metric:Accuracy"]);
    await press("Hide all");
    expect(onChange).toHaveBeenLastCalledWith(["param:lr"]);
  });

  test("takes what is typed as text, and says that nothing has it", async () => {
    const { dialog, find } = await choice([]);
    await find(".*(");
    expect(dialog.queryAllByRole("checkbox")).toEqual([]);
    expect(dialog.getByText("No column has “.*(” in its name.")).toBeTruthy();
  });

  test("can be left to the page again", async () => {
    const { press, onChange } = await choice([]);
    await press("Reset");
    expect(onChange.mock.calls).toEqual([[null]]);
  });

  test("says when a store has more columns than are offered", async () => {
    const { dialog } = await choice([], 12345);
    expect(dialog.getByText("The 4 most common of 12,345 columns.")).toBeTruthy();
  });
});

describe("the toolbar", () => {
  const experiments = ["mnist", "all", "<b>bold</b>"].map((name, i) => ({ name, description: "", runs: i + 1 }));
  const OVERVIEW: Overview = { location: "sqlite:///r.db", experiments, runs: 6, columns: COLUMNS, column_count: 4 };

  function toolbar(more: Partial<Parameters<typeof Toolbar>[0]> = {}) {
    const told = { onExperiment: vi.fn(), onColumns: vi.fn(), onClear: vi.fn(), onCollapse: vi.fn() };
    render(
      <Toolbar
        overview={OVERVIEW}
        experiment=""
        shown={[]}
        selectedCount={0}
        expandedCount={0}
        isLive
        {...told}
        {...more}
      />,
    );
    return { ...told, user: userEvent.setup() };
  }

  const experimentButton = () => screen.getByRole("button", { name: /Experiment/ });

  test("offers each experiment with its runs, and all of them together", async () => {
    const { user } = toolbar();
    await user.click(experimentButton());
    const options = await screen.findAllByRole("option");
    expect(options.map((option) => option.textContent)).toEqual(["All experiments6", "mnist1", "all2", "<b>bold</b>3"]);
  });

  test("tells an experiment that is called like the choice of all from that choice", async () => {
    const { user, onExperiment } = toolbar({ experiment: "mnist" });
    await user.click(experimentButton());
    await user.click(await screen.findByText("all", { selector: ".option *" }));
    expect(onExperiment).toHaveBeenLastCalledWith("all");
    await user.click(experimentButton());
    await user.click(await screen.findByText("All experiments", { selector: ".option *" }));
    expect(onExperiment).toHaveBeenLastCalledWith("");
  });

  test("offers no choice where there is one experiment", () => {
    toolbar({ overview: { ...OVERVIEW, experiments: experiments.slice(0, 1) } });
    expect(screen.queryByRole("button", { name: /Experiment/ })).toBeNull();
  });

  test("offers to clear and to collapse only where there is something to", () => {
    toolbar();
    expect(screen.getAllByRole("button")).toHaveLength(2);
    cleanup();
    const { onClear, onCollapse } = toolbar({ selectedCount: 1234, expandedCount: 2 });
    fireEvent.click(screen.getByRole("button", { name: "Clear 1,234 selected" }));
    fireEvent.click(screen.getByRole("button", { name: "Collapse all" }));
    expect([onClear.mock.calls.length, onCollapse.mock.calls.length]).toEqual([1, 1]);
  });

  test("says how many runs there are, and whether news arrive", () => {
    toolbar();
    expect(screen.getByText("6 runs")).toBeTruthy();
    expect(screen.getByText("Live").title).toBe("sqlite:///r.db");
    cleanup();
    toolbar({ isLive: false, overview: { ...OVERVIEW, runs: 1 } });
    expect(screen.getByText("1 run")).toBeTruthy();
    expect(screen.queryByText("Live")).toBeNull();
    expect(screen.getByText("No connection")).toBeTruthy();
  });
});

describe("the chart's panel", () => {
  function panel(more: Partial<Parameters<typeof ChartPanel>[0]> = {}) {
    const told = { onMetric: vi.fn(), onHover: vi.fn() };
    const element = (next: Partial<Parameters<typeof ChartPanel>[0]>) => (
      <ChartPanel
        columns={COLUMNS}
        metric="loss"
        selection={selectionOf(["01abcdefgh", "02abcdefgh"])}
        names={NAMES}
        theme="dark"
        version="3"
        highlighted={null}
        {...told}
        {...more}
        {...next}
      />
    );
    const { rerender } = render(element({}));
    return { ...told, user: userEvent.setup(), show: (next: typeof more) => rerender(element(next)) };
  }
  const NAMES = new Map([["01abcdefgh", "sweep/fold-0"]]);

  test("draws the selected runs in their order, named as in the tree, in their own colours", () => {
    panel();
    expect(drawn).toMatchObject({ tag: "loss", version: "3" });
    expect(drawn?.runs).toEqual([
      { runId: "01abcdefgh", name: "sweep/fold-0", color: colorOf(0, "dark") },
      { runId: "02abcdefgh", name: "run abcdefgh", color: colorOf(1, "dark") },
    ]);
  });

  test("gives the chart the same runs as long as they are the same, so that it asks nothing", () => {
    const selection = selectionOf(["a"]);
    const { show } = panel({ selection });
    const before = drawn?.runs;
    show({ highlighted: "a", version: "4" });
    expect(drawn?.runs).toBe(before);
  });

  test("offers the metrics, not the parameters, and tells which was chosen", async () => {
    const { user, onMetric } = panel();
    await user.click(screen.getByRole("button", { name: /Metric/ }));
    const options = await screen.findAllByRole("option");
    expect(options.map((option) => option.textContent)).toEqual(["loss7", "Accuracy5"]);
    await user.click(screen.getByText("Accuracy", { selector: ".option *" }));
    expect(onMetric.mock.calls).toEqual([["Accuracy"]]);
  });

  test("keeps a metric from a link that no run has any more", async () => {
    const { user } = panel({ metric: "gone/away" });
    expect(drawn?.tag).toBe("gone/away");
    await user.click(screen.getByRole("button", { name: /Metric/ }));
    expect((await screen.findAllByRole("option"))[0]?.textContent).toBe("gone/away");
  });

  test("without any metric says what will be here", () => {
    panel({ metric: "", columns: [] });
    expect(screen.getByText("Metrics that runs log are drawn here.")).toBeTruthy();
    expect(drawn).toBeUndefined();
  });
});

describe("the bar between the tree and the chart", () => {
  const split = () => render(<Split first={<p>tree</p>} second={<p>chart</p>} />);
  const bar = () => screen.getByRole("separator", { name: "Share of the tree" });
  const share = () => Number(bar().getAttribute("aria-valuenow"));

  test("moves by the arrow keys, and not beyond its ends", () => {
    split();
    const before = share();
    fireEvent.keyDown(bar(), { key: "ArrowRight" });
    expect(share()).toBe(before + 2);
    for (let i = 0; i < 60; i++) {
      fireEvent.keyDown(bar(), { key: "ArrowLeft" });
    }
    expect(share()).toBe(20);
    for (let i = 0; i < 60; i++) {
      fireEvent.keyDown(bar(), { key: "ArrowDown" });
    }
    expect(share()).toBe(80);
  });

  test("leaves other keys to the browser", () => {
    split();
    expect(fireEvent.keyDown(bar(), { key: "Tab" })).toBe(true);
    expect(fireEvent.keyDown(bar(), { key: "ArrowLeft" })).toBe(false);
  });

  test("is where it was on the next visit, each direction by itself", () => {
    split();
    fireEvent.keyDown(bar(), { key: "ArrowLeft" });
    const beside = share();
    cleanup();
    isWide = false;
    split();
    expect(bar().getAttribute("aria-orientation")).toBe("horizontal");
    expect(share()).not.toBe(beside);
    cleanup();
    isWide = true;
    split();
    expect(bar().getAttribute("aria-orientation")).toBe("vertical");
    expect(share()).toBe(beside);
  });

  test.each([0, 500])("a kept share of %d does not hide a part", (kept) => {
    writePreference("split.beside", kept);
    split();
    expect(share()).toBe(kept === 0 ? 20 : 80);
  });

  test("both parts are there in either direction", () => {
    split();
    expect([screen.getByText("tree"), screen.getByText("chart")]).toHaveLength(2);
  });
});

describe("notices", () => {
  test("an empty store shows code that fits its own location, with quotes escaped", () => {
    render(<NoRuns location={'sqlite:///C:\\my "runs".db'} />);
    expect(screen.getByText(/Workspace\("sqlite:\/\/\/C:\\\\my \\"runs\\".db"\)/)).toBeTruthy();
  });

  test("an empty experiment is named", () => {
    render(<EmptyExperiment experiment="mnist <1>" />);
    expect(screen.getByText("The experiment mnist <1> has no run.")).toBeTruthy();
    render(<EmptyExperiment experiment="" />);
    expect(screen.getByText("No experiment has a run yet.")).toBeTruthy();
  });

  test("trouble is read out at once, and offers what can be done", () => {
    const [onRetry, onAll] = [vi.fn(), vi.fn()];
    render(<Trouble problem="The store is gone." onRetry={onRetry} onAll={onAll} />);
    const alert = within(screen.getByRole("alert"));
    fireEvent.click(alert.getByRole("button", { name: "Try again" }));
    fireEvent.click(alert.getByRole("button", { name: "Show all experiments" }));
    expect([onRetry.mock.calls.length, onAll.mock.calls.length]).toEqual([1, 1]);
    cleanup();
    render(<Trouble problem="The store is gone." onRetry={onRetry} />);
    expect(screen.getAllByRole("button")).toHaveLength(1);
  });

  test("a banner says why, and that what is shown may be old", () => {
    render(<Banner problem="TensorBoard does not answer." />);
    expect(screen.getByRole("alert").textContent).toBe(
      "TensorBoard does not answer. What is shown is the last that was read.",
    );
  });
});

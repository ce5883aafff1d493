import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, test } from "vitest";
import type { Overview } from "../api/messages";
import type { Connection } from "../data/useVersion";
import { selectionOf } from "../model/selection";
import type { PageState } from "../state/page";
import { newPage } from "../testing/page";
import { Toolbar } from "./Toolbar";

afterEach(cleanup);

const experiments = ["mnist", "all", "<b>bold</b>"].map((name, i) => ({
  name,
  description: "",
  view: "",
  runs: i + 1,
}));
const OVERVIEW: Overview = {
  location: "sqlite:///r.db",
  experiments,
  runs: 6,
  matches: null,
  columns: [],
  metric_count: 2,
  parameter_count: 2,
  has_progress: false,
};

function toolbar(
  state: Partial<PageState> = {},
  overview = OVERVIEW,
  connection: Connection = "live",
  shown: string[] = [],
) {
  const page = newPage(state);
  const element = (more: Partial<Overview> = {}) => (
    <Toolbar overview={{ ...overview, ...more }} shown={shown} connection={connection} />
  );
  render(element(), { wrapper: page.wrapper });
  return { store: page.store, user: userEvent.setup() };
}

const button = (name: string | RegExp) => screen.getByRole("button", { name });

describe("the choice of experiment", () => {
  test("offers each with its runs, and all of them together", async () => {
    const { user } = toolbar();
    await user.click(button(/Experiment/));
    const options = screen.getAllByRole("option");
    expect(options.map((option) => option.textContent)).toEqual(["All experiments6", "mnist1", "all2", "<b>bold</b>3"]);
  });

  test("tells one that is called like the choice of all from that choice", async () => {
    const { user, store } = toolbar({ experiment: "mnist" });
    await user.click(button(/Experiment/));
    await user.click(screen.getByText("all", { selector: ".option *" }));
    expect(store.get().experiment).toBe("all");
    await user.click(button(/Experiment/));
    await user.click(screen.getByText("All experiments", { selector: ".option *" }));
    expect(store.get().experiment).toBe("");
  });

  test("keeps nothing of the one before", async () => {
    const own = { metric: "loss", expanded: ["a"], selected: ["a"], telling: [], filter: "" };
    const { user, store } = toolbar({ sort: "metrics.mse", columns: ["metrics.mse"], metric: "mse", own });
    await user.click(button(/Experiment/));
    await user.click(screen.getByText("mnist", { selector: ".option *" }));
    expect(store.get()).toMatchObject({
      experiment: "mnist",
      sort: "created",
      columns: null,
      metric: null,
      selected: null,
      own: null,
    });
  });

  test("is not there where there is one experiment", () => {
    toolbar({}, { ...OVERVIEW, experiments: experiments.slice(0, 1) });
    expect(screen.queryByRole("button", { name: /Experiment/ })).toBeNull();
  });
});

describe("the buttons", () => {
  const names = () => screen.getAllByRole("button").map((one) => one.textContent);

  test("stay where they are whatever there is to clear or to collapse", () => {
    const { store } = toolbar();
    const before = names();
    expect(button("Clear selection").getAttribute("aria-disabled")).toBe("true");
    expect(button("Collapse all").getAttribute("aria-disabled")).toBe("true");
    act(() => store.change(() => ({ selected: selectionOf(["a", "b"]), expanded: new Set(["a"]) })));
    expect(names()).toEqual(before);
    expect(button("Clear selection").getAttribute("aria-disabled")).toBe("false");
  });

  test("do what they say, and a double click does no more than a click", async () => {
    const { user, store } = toolbar({ selected: selectionOf(["a", "b"]), expanded: new Set(["a"]) });
    await user.dblClick(button("Collapse all"));
    expect([store.get().expanded?.size, store.get().selected?.size]).toEqual([0, 2]);
    await user.click(button("Clear selection"));
    expect(store.get().selected?.size).toBe(0);
  });

  test("are one stop of the tab key, and the arrow keys go from one to the next and round", async () => {
    const { user } = toolbar();
    await user.tab();
    expect(document.activeElement).toBe(button(/Experiment/));
    await user.keyboard("{ArrowRight}");
    expect(document.activeElement).toBe(button(/^Stages/));
    await user.keyboard("{End}");
    expect(document.activeElement).toBe(button("Export"));
    await user.keyboard("{ArrowRight}");
    expect(document.activeElement).toBe(button(/Experiment/));
    await user.keyboard("{ArrowLeft}");
    expect(screen.getAllByRole("button").map((one) => one.tabIndex)).toEqual([-1, -1, -1, -1, -1, -1, -1, 0]);
    await user.tab();
    expect(document.activeElement).toBe(document.body);
  });
});

describe("runs that are put away", () => {
  test("are shown by choice, which stands in what is asked for", async () => {
    const { user, store } = toolbar();
    await user.click(button("Stages: Active runs"));
    await user.click(screen.getByRole("option", { name: "With archived runs" }));
    expect(store.get().stages).toBe("archived");
    await user.click(button("Export"));
    const [csv] = screen.getAllByRole<HTMLAnchorElement>("link");
    expect(new URL((csv as HTMLAnchorElement).href).searchParams.get("stages")).toBe("archived");
  });
});

test("small curves come and go with a button that says whether they are there", async () => {
  const { user, store } = toolbar();
  expect(button("Curves").getAttribute("aria-pressed")).toBe("false");
  await user.click(button("Curves"));
  expect([store.get().curves, button("Curves").getAttribute("aria-pressed")]).toEqual([true, "true"]);
});

describe("the export", () => {
  const links = () => screen.getAllByRole<HTMLAnchorElement>("link").map(({ href }) => new URL(href));

  test("is of all runs that match, in the columns and the order of the table", async () => {
    const { user, store } = toolbar(
      { experiment: "a & b", filter: "depth = 1", sort: "metrics.loss", order: "asc" },
      OVERVIEW,
      "live",
      ["params.lr", "metrics.loss"],
    );
    await user.click(button("Export"));
    expect(screen.getByRole("dialog").textContent).toContain("All runs that match the filter");
    for (const [index, format] of ["csv", "json"].entries()) {
      const url = links()[index] as URL;
      expect(url.pathname).toMatch(/v1\/export$/);
      expect(Object.fromEntries(url.searchParams)).toMatchObject({
        format,
        experiment: "a & b",
        filter: "depth = 1",
        sort: "metrics.loss",
        fill: "best(leaves)",
        order: "asc",
      });
      expect(url.searchParams.getAll("column")).toEqual(["params.lr", "metrics.loss"]);
    }
    act(() => store.change(() => ({ filter: "" })));
    expect(screen.getByRole("dialog").textContent).toContain("All 6 runs");
    expect(links()[0]?.searchParams.has("filter")).toBe(false);
  });

  test("is reached by the keyboard", async () => {
    const { user } = toolbar();
    button("Export").focus();
    await user.keyboard("{Enter}");
    expect(document.activeElement).toBe(screen.getByRole("link", { name: /CSV/ }));
    await user.keyboard("{Escape}");
    expect(document.activeElement).toBe(button("Export"));
  });
});

describe("what stands beside them", () => {
  test("is how many runs there are and are selected, and how they are sorted", () => {
    toolbar({ selected: selectionOf(["a"]), sort: "metrics.loss", order: "asc" });
    expect(screen.getByText("6 runs, 1 selected")).toBeTruthy();
    expect(screen.getByText("by loss, lowest first")).toBeTruthy();
    cleanup();
    toolbar({}, { ...OVERVIEW, runs: 1 });
    expect(screen.getByText("1 run")).toBeTruthy();
    expect(screen.getByText("newest first")).toBeTruthy();
    cleanup();
    toolbar({}, { ...OVERVIEW, runs: 2000, matches: 37 });
    expect(screen.getByText("37 of 2,000 runs")).toBeTruthy();
  });

  test.each([
    ["live", "Live"],
    ["silent", "No answer"],
    ["lost", "No connection"],
    ["starting", "Connecting"],
  ] as const)("says of a connection that is %s: %s", (connection, words) => {
    toolbar({}, OVERVIEW, connection);
    const said = screen.getByText(words);
    expect([said.title, said.dataset["live"]]).toEqual(["sqlite:///r.db", String(connection === "live")]);
  });

  test("says when the address cannot hold all that is selected", () => {
    toolbar({ selected: selectionOf(Array.from({ length: 2001 }, (_, i) => `run-${i}`)) });
    expect(screen.getByText("The address holds the first 2,000")).toBeTruthy();
  });
});

test("a choice is made by the keyboard alone, and the button has the focus again", async () => {
  const { user, store } = toolbar();
  fireEvent.keyDown(button(/Experiment/), { key: "ArrowDown" });
  await user.keyboard("{ArrowDown}{ArrowDown}{Enter}");
  expect(store.get().experiment).toBe("all");
  expect(document.activeElement).toBe(button(/Experiment/));
  await user.keyboard("{Enter}{Escape}");
  expect(screen.queryByRole("listbox")).toBeNull();
  expect(document.activeElement).toBe(button(/Experiment/));
});

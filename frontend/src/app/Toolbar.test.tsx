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

const experiments = ["mnist", "all", "<b>bold</b>"].map((name, i) => ({ name, description: "", runs: i + 1 }));
const OVERVIEW: Overview = {
  location: "sqlite:///r.db",
  experiments,
  runs: 6,
  columns: [],
  metric_count: 2,
  parameter_count: 2,
};

function toolbar(state: Partial<PageState> = {}, overview = OVERVIEW, connection: Connection = "live") {
  const page = newPage(state);
  const element = (more: Partial<Overview> = {}) => (
    <Toolbar overview={{ ...overview, ...more }} shown={[]} connection={connection} />
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
    const { user, store } = toolbar({ sort: "metric:mse", columns: ["metric:mse"], metric: "mse", own });
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
    expect(document.activeElement).toBe(button(/^Columns/));
    await user.keyboard("{End}");
    expect(document.activeElement).toBe(button("Clear selection"));
    await user.keyboard("{ArrowRight}");
    expect(document.activeElement).toBe(button(/Experiment/));
    await user.keyboard("{ArrowLeft}");
    expect(screen.getAllByRole("button").map((one) => one.tabIndex)).toEqual([-1, -1, -1, 0]);
    await user.tab();
    expect(document.activeElement).toBe(document.body);
  });
});

describe("what stands beside them", () => {
  test("is how many runs there are and are selected, and how they are sorted", () => {
    toolbar({ selected: selectionOf(["a"]), sort: "metric:loss", order: "asc" });
    expect(screen.getByText("6 runs, 1 selected")).toBeTruthy();
    expect(screen.getByText("by loss, lowest first")).toBeTruthy();
    cleanup();
    toolbar({}, { ...OVERVIEW, runs: 1 });
    expect(screen.getByText("1 run")).toBeTruthy();
    expect(screen.getByText("newest first")).toBeTruthy();
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

import { cleanup, fireEvent, render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Overview } from "../../api/messages";
import type { PageState } from "../../state/page";
import { usePage } from "../../state/store";
import { newPage } from "../../testing/page";
import { serve } from "../../testing/server";
import { ColumnChoice } from "./ColumnChoice";

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

const OVERVIEW: Overview = {
  location: "sqlite:///r.db",
  experiments: [],
  runs: 6,
  columns: [
    { column: "metrics.loss", runs: 7 },
    { column: "metrics.Accuracy", runs: 5 },
    { column: "inherited.params.lr", runs: 1200 },
    { column: "inherited.params.optimizer:name", runs: 3 },
  ],
  matches: null,
  metric_count: 2,
  parameter_count: 2,
  has_progress: false,
};

const LIST = { total: 0, offset: 0, columns: [] };

describe("the choice of columns", () => {
  async function choice(columns: readonly string[] | null, parameters = 2, state: Partial<PageState> = {}) {
    const { store, wrapper } = newPage({ columns, ...state });
    const overview = { ...OVERVIEW, parameter_count: parameters, has_progress: false };
    const Choice = () => (
      <ColumnChoice overview={overview} experiment="mnist" shown={usePage((page) => page.columns) ?? ["status"]} />
    );
    render(<Choice />, { wrapper });
    const user = userEvent.setup();
    await user.click(screen.getByRole("button", { name: /Columns/ }));
    const dialog = within(await screen.findByRole("dialog", { name: "Columns" }));
    await dialog.findByRole("searchbox");
    return {
      user,
      store,
      dialog,
      box: (name: RegExp) => dialog.getByRole<HTMLInputElement>("checkbox", { name }),
      press: (name: string) => user.click(dialog.getByRole("button", { name })),
      find: (text: string) => user.type(dialog.getByRole("searchbox", { name: "Find a column" }), text),
    };
  }

  beforeEach(() => {
    serve(({ pathname, searchParams }) =>
      pathname === "/v1/version"
        ? { version: "1" }
        : searchParams.get("kind") === "tags"
          ? { total: 1, offset: 0, columns: [{ column: "tags.team", runs: 0 }] }
          : LIST,
    );
  });

  test("says how many are shown, and marks them, apart by kind", async () => {
    const { dialog, box } = await choice(["metrics.loss"]);
    expect(screen.getByText("1 of 4")).toBeTruthy();
    expect(box(/^loss/).checked).toBe(true);
    expect(box(/^lr/).checked).toBe(false);
    const parameters = within(dialog.getByRole("group", { name: "Parameters" }));
    expect(parameters.getAllByRole("checkbox")).toHaveLength(2);
    expect(parameters.getByText("optimizer:name")).toBeTruthy();
    expect(parameters.getByText("1,200")).toBeTruthy();
    expect(within(await dialog.findByRole("group", { name: "Tags" })).getByText("team")).toBeTruthy();
    expect(within(dialog.getByRole("group", { name: "Of the run" })).getByText("Description")).toBeTruthy();
  });

  test("puts what is shown last behind the others, in front of the times", async () => {
    const { user, box, store } = await choice(["metrics.loss", "started", "duration"]);
    await user.click(box(/^lr/));
    expect(store.get().columns).toEqual(["metrics.loss", "inherited.params.lr", "started", "duration"]);
  });

  test("can hide the last one: no column is a choice too", async () => {
    const { user, box, store } = await choice(["metrics.loss"]);
    await user.click(box(/^loss/));
    expect(store.get().columns).toEqual([]);
  });

  test("is searched in either case, and shows or hides only what was found", async () => {
    const { dialog, find, press, store } = await choice(["inherited.params.lr"]);
    await find("ACC");
    expect(dialog.getAllByRole("checkbox")).toHaveLength(1);
    await press("Show all");
    expect(store.get().columns).toEqual(["inherited.params.lr", "metrics.Accuracy"]);
    await press("Hide all");
    expect(store.get().columns).toEqual(["inherited.params.lr"]);
  });

  test("takes what is typed as text, and says that nothing has it", async () => {
    const { dialog, find } = await choice([]);
    await find(".*(");
    expect(dialog.queryAllByRole("checkbox")).toEqual([]);
    expect(dialog.getByText("No column has “.*(” in its name.")).toBeTruthy();
  });

  test("takes what is written as a column as that", async () => {
    const { find, user, box, store } = await choice([]);
    await find("mean(leaves.metrics.loss)");
    await user.click(box(/^mean/));
    expect(store.get().columns).toEqual(["mean(leaves.metrics.loss)"]);
  });

  test("can be left to the page again", async () => {
    const { press, store } = await choice([], 2, { pinned: 3 });
    await press("Reset");
    expect(store.get()).toMatchObject({ columns: null, pinned: 0 });
  });

  test("sets apart the parameters that do not tell these runs apart", async () => {
    const own = { metric: "loss", expanded: [], selected: ["a"], telling: ["inherited.params.lr"], filter: "" };
    const { dialog } = await choice(null, 2, { own });
    const names = (title: string) =>
      within(dialog.getByRole("group", { name: title }))
        .getAllByRole("checkbox")
        .map((box) => box.closest("label")?.textContent);
    expect(names("Parameters")).toEqual(["lr1,200"]);
    expect(names("Parameters that do not tell these runs apart")).toEqual(["optimizer:name3"]);
  });

  test("puts columns into order by the arrow keys, and pins and hides them", async () => {
    const { dialog, user, press, store } = await choice(["metrics.loss", "inherited.params.lr", "started"]);
    dialog.getByRole("button", { name: "Move lr" }).focus();
    await user.keyboard("{ArrowUp}");
    expect(store.get().columns).toEqual(["inherited.params.lr", "metrics.loss", "started"]);
    expect(document.activeElement).toBe(dialog.getByRole("button", { name: "Move lr" }));
    await press("Pin Started");
    expect(store.get()).toMatchObject({ columns: ["started", "inherited.params.lr", "metrics.loss"], pinned: 1 });
    await press("Hide loss");
    expect(store.get()).toMatchObject({ columns: ["started", "inherited.params.lr"], pinned: 1 });
  });

  test("puts columns into order by the pointer", async () => {
    const { dialog, store } = await choice(["metrics.loss", "inherited.params.lr", "started"]);
    const pointer = (type: string, clientY: number, on: Node = document) =>
      fireEvent(on, new MouseEvent(type, { bubbles: true, button: 0, clientY }));
    pointer("pointerdown", 100, dialog.getByRole("button", { name: "Move loss" }));
    pointer("pointermove", 129);
    pointer("pointermove", 160);
    pointer("pointerup", 160);
    pointer("pointermove", 100);
    expect(store.get().columns).toEqual(["inherited.params.lr", "started", "metrics.loss"]);
  });

  test("has the server look for those that are not among the most common", async () => {
    const asked = serve((url) =>
      url.pathname === "/v1/version"
        ? { version: "1" }
        : url.searchParams.get("kind") === ""
          ? { total: 300, offset: 0, columns: [{ column: "inherited.params.layer_9000", runs: 2 }] }
          : LIST,
    );
    const { dialog, find, user, store } = await choice(["metrics.loss"], 12_343);
    expect(dialog.getByText("The 4 most common of 12,345 columns. Find the others by their names.")).toBeTruthy();
    await find("layer");
    await user.click(await dialog.findByRole("checkbox", { name: /layer_9000/ }));
    expect(store.get().columns).toEqual(["metrics.loss", "inherited.params.layer_9000"]);
    const searches = asked.map(({ search }) => search);
    expect(searches).toContain("?experiment=mnist&kind=&text=layer&offset=0&limit=200");
  });
});

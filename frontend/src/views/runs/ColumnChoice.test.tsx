import { cleanup, render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { Overview } from "../../api/messages";
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
    { column: "metric:loss", runs: 7 },
    { column: "metric:Accuracy", runs: 5 },
    { column: "param:lr", runs: 1200 },
    { column: "param:optimizer:name", runs: 3 },
  ],
  metric_count: 2,
  parameter_count: 2,
};

describe("the choice of columns", () => {
  async function choice(shown: readonly string[], parameters = 2) {
    const onChange = vi.fn();
    const overview = { ...OVERVIEW, parameter_count: parameters };
    render(<ColumnChoice overview={overview} experiment="mnist" shown={shown} onChange={onChange} />, {
      wrapper: newPage().wrapper,
    });
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

  test("puts what is shown last at the end", async () => {
    const { user, box, onChange } = await choice(["metric:loss"]);
    await user.click(box(/^lr/));
    expect(onChange.mock.calls).toEqual([[["metric:loss", "param:lr"]]]);
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

  test("has the server look for those that are not among the most common", async () => {
    const asked = serve((url) =>
      url.pathname === "/v1/version"
        ? { version: "1" }
        : { total: 300, offset: 0, columns: [{ column: "param:layer_9000", runs: 2 }] },
    );
    const { dialog, find, user, onChange } = await choice(["metric:loss"], 12_343);
    expect(dialog.getByText("The 4 most common of 12,345 columns. Find the others by their names.")).toBeTruthy();
    await find("layer");
    await user.click(await dialog.findByRole("checkbox", { name: /layer_9000/ }));
    expect(onChange.mock.calls).toEqual([[["metric:loss", "param:layer_9000"]]]);
    expect(asked.at(-1)?.search).toBe("?experiment=mnist&kind=&text=layer&offset=0&limit=200");
  });
});

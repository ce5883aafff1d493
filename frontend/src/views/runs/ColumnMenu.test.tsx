import { cleanup, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";
import type { PageState } from "../../state/page";
import { usePage } from "../../state/store";
import { newPage } from "../../testing/page";
import { ColumnMenu } from "./choice/ColumnMenu";
import { useColumnChange } from "./useColumnChange";

afterEach(cleanup);

function menu(column: string, state: Partial<PageState> = {}) {
  const { store, wrapper } = newPage({ columns: ["status", "metrics.loss", "inherited.params.lr"], ...state });
  const close = vi.fn();
  const Menu = () => {
    const columns = usePage((page) => page.columns) ?? [];
    const { pinned, onChange } = useColumnChange(columns);
    return <ColumnMenu column={column} shown={{ columns, pinned }} onChange={onChange} close={close} />;
  };
  render(<Menu />, { wrapper });
  const user = userEvent.setup();
  return {
    store,
    close,
    press: (name: string) => user.click(screen.getByRole("button", { name })),
    choose: (label: string, option: string) =>
      user.selectOptions(screen.getByRole("combobox", { name: label }), screen.getByRole("option", { name: option })),
  };
}

test("another value of a metric takes the column's place, and the order goes with it", async () => {
  const { store, choose } = menu("metrics.loss", { sort: "metrics.loss", order: "asc" });
  await choose("Value", "Minimum");
  expect(store.get()).toMatchObject({ sort: "metrics.loss.min", order: "asc" });
  await choose("Over", "Leaves, repeats averaged first");
  await choose("Statistic", "Median");
  const text = "coalesce(metrics.loss.min, median(repeats.metrics.loss.min))";
  expect(store.get().columns).toEqual(["status", text, "inherited.params.lr"]);
  expect(store.get().sort).toBe(text);
  const meaning =
    "Minimum of metric loss, of a run without one the median of the leaves, of which repeats are averaged first";
  expect(screen.getByText(meaning)).toBeTruthy();
});

test("a column is sorted by one way or the other, and a second time no longer", async () => {
  const { store, press, close } = menu("inherited.params.lr");
  await press("Sort, highest first");
  expect(store.get()).toMatchObject({ sort: "inherited.params.lr", order: "desc" });
  expect(screen.getByRole("button", { name: "Sort, highest first" }).ariaPressed ?? "true").toBe("true");
  await press("Sort, highest first");
  expect(store.get()).toMatchObject({ sort: "created", order: "desc" });
  expect(close).toHaveBeenCalledTimes(2);
});

test("a column is pinned, moved and hidden", async () => {
  const { store, press } = menu("inherited.params.lr");
  await press("Move left");
  expect(store.get().columns).toEqual(["status", "inherited.params.lr", "metrics.loss"]);
  await press("Pin, to stay in sight");
  expect(store.get()).toMatchObject({ columns: ["inherited.params.lr", "status", "metrics.loss"], pinned: 1 });
  await press("Move left");
  expect(store.get().columns?.[0]).toBe("inherited.params.lr");
  await press("Hide");
  expect(store.get()).toMatchObject({ columns: ["status", "metrics.loss"], pinned: 0 });
});

test("what is no metric has no value to choose", () => {
  menu("inherited.params.lr");
  expect(screen.queryByRole("combobox")).toBeNull();
});

import { cleanup, render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, test } from "vitest";
import { selectionOf } from "../../../model/selection";
import type { PageState } from "../../../state/page";
import { savedViews } from "../../../state/savedViews";
import { newPage } from "../../../testing/page";
import { SavedViews } from "./SavedViews";

beforeEach(() => localStorage.clear());
afterEach(cleanup);

async function opened(state: Partial<PageState> = {}) {
  const page = newPage(state);
  const user = userEvent.setup();
  render(<SavedViews />, { wrapper: page.wrapper });
  await user.click(screen.getByRole("button", { name: "Views" }));
  const name = await screen.findByRole("textbox", { name: "Name of the view" });
  return { store: page.store, user, name };
}

/** A file as a browser gives it: jsdom's has no text. */
const fileOf = (text: string, name: string) => Object.assign(new File([text], name), { text: async () => text });

const rows = () =>
  within(screen.getByRole("list"))
    .getAllByRole("listitem")
    .map((row) => row.textContent);

test("a view is saved, gone back to and deleted, by the keyboard alone", async () => {
  const { store, user, name } = await opened({ experiment: "mnist", sort: "name", order: "asc" });
  expect(document.activeElement).toBe(name);
  await user.keyboard("by name{Enter}");
  expect(screen.getByRole("status").textContent).toContain("“by name” is saved");
  expect(savedViews()).toEqual([{ name: "by name", view: "sort=name&order=asc" }]);
  expect(rows()).toEqual(["by name", "The page’s own choice"]);
  const selected = selectionOf(["a"]);
  store.change(() => ({ sort: "status", order: "asc", filter: "depth = 1", selected }));
  screen.getByRole("button", { name: "by name" }).focus();
  await user.keyboard("{Enter}");
  expect(store.get()).toMatchObject({ experiment: "mnist", sort: "name", filter: "", selected });
  expect(screen.queryByRole("dialog")).toBeNull();
  expect(document.activeElement).toBe(screen.getByRole("button", { name: "Views" }));
  await user.keyboard("{Enter}");
  await user.click(await screen.findByRole("button", { name: "Delete the view by name" }));
  expect(rows()).toEqual(["The page’s own choice"]);
});

test("the experiment's view and the page's own choice stand below", async () => {
  const { store, user } = await opened({ base: { view: "sort=status&order=asc", isSaid: true } });
  expect(rows()).toEqual(["The experiment’s view", "The page’s own choice"]);
  expect(screen.getByRole("button", { name: "The page’s own choice" }).getAttribute("aria-current")).toBe("true");
  await user.click(screen.getByRole("button", { name: "The experiment’s view" }));
  expect(store.get().sort).toBe("status");
});

test("names and views of others stay text, and a file that is none is said", async () => {
  const { user } = await opened();
  const hostile = JSON.stringify({ runhistory_views: [{ name: "<img src=x onerror=alert(1)>", view: "sort=name" }] });
  await user.upload(screen.getByLabelText("File of views"), fileOf(hostile, "views.json"));
  expect(await screen.findByRole("button", { name: "<img src=x onerror=alert(1)>" })).toBeTruthy();
  await user.upload(screen.getByLabelText("File of views"), fileOf("{", "other.json"));
  expect(await screen.findByText(/no file of views/)).toBeTruthy();
  expect(savedViews()).toHaveLength(1);
});

test("a link says the view and the experiment", async () => {
  const { user } = await opened({ experiment: "mnist", sort: "name", order: "asc" });
  await user.click(screen.getByRole("button", { name: "Copy a link to what is shown" }));
  expect(await screen.findByText("The link is copied.")).toBeTruthy();
  const link = await navigator.clipboard.readText();
  expect(link).toMatch(
    /#runhistory&p\.runhistory\.experiment=mnist&p\.runhistory\.sort=name&p\.runhistory\.order=asc$/,
  );
});

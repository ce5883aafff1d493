import { act, renderHook } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { removeView, savedViews, saveView, takeViewsFile, useSavedViews, viewsFile } from "./savedViews";

beforeEach(() => localStorage.clear());
afterEach(() => vi.restoreAllMocks());

test("views are kept under their names, one each", () => {
  const { result } = renderHook(useSavedViews);
  expect(result.current).toEqual([]);
  act(() => {
    saveView(" b ", "sort=name");
    saveView("a", "filter=x");
    saveView("b", "sort=status");
  });
  expect(result.current).toEqual([
    { name: "a", view: "filter=x" },
    { name: "b", view: "sort=status" },
  ]);
  act(() => removeView("a"));
  expect(result.current.map(({ name }) => name)).toEqual(["b"]);
});

test("a file takes them to another browser, beside those that are there", () => {
  saveView("__proto__", "sort=name");
  saveView("both", "sort=name");
  const file = viewsFile();
  localStorage.clear();
  saveView("both", "sort=status");
  saveView("mine", "");
  expect(takeViewsFile(file)).toBeNull();
  expect(new Map(savedViews().map(({ name, view }) => [name, view]))).toEqual(
    new Map([
      ["__proto__", "sort=name"],
      ["both", "sort=name"],
      ["mine", ""],
    ]),
  );
});

test.each(["", "{", "[]", "null", '{"runhistory_views": {}}', '{"runhistory_views": [{"name": 1, "view": ""}]}'])(
  "a file that holds %s is refused, and nothing is lost",
  (text) => {
    saveView("mine", "sort=name");
    expect(takeViewsFile(text)).toContain("no file of views");
    expect(savedViews()).toHaveLength(1);
  },
);

test("what cannot be kept is said", () => {
  expect(saveView(" ", "")).toContain("has a name");
  expect(saveView("long", "x".repeat(10_001))).toContain("10,000 characters");
  vi.spyOn(Storage.prototype, "setItem").mockImplementation(() => {
    throw new DOMException("full", "QuotaExceededError");
  });
  expect(saveView("a", "")).toContain("copy the link instead");
  expect(savedViews()).toEqual([]);
});

test("what somebody else has written there is none", () => {
  localStorage.setItem("tb_runhistory.views", "not json");
  expect(savedViews()).toEqual([]);
});

import { describe, expect, test } from "vitest";
import { isElsewhere, readFragment, writeFragment } from "./address";
import { selectionOf, withoutRuns, withRuns } from "./selection";
import { formatView, MOST_IDS, parseView, type View } from "./view";

const FIRST: View = parseView(new URLSearchParams());

describe("a view in an address", () => {
  test("is nothing while the page is as it begins", () => expect(String(formatView(FIRST))).toBe(""));

  test("comes back as it was, whatever stands in names", () => {
    const view: View = {
      experiment: "a & b = #1, ü",
      sort: "metric:loss/train",
      order: "asc",
      expanded: new Set(["01ab", "02cd"]),
      selected: selectionOf(["02cd", "01ab"]),
      metric: "p.runhistory.x=1&y",
      columns: ["param:a,b", "metric:c%d"],
    };
    const hash = writeFragment("", formatView(view));
    expect(parseView(readFragment(hash))).toEqual(view);
  });

  test("tells that nothing is selected from that nobody has selected", () => {
    const cleared = { ...FIRST, selected: new Map() };
    expect(parseView(formatView(cleared)).selected).toEqual(new Map());
    expect(parseView(formatView(FIRST)).selected).toBeNull();
  });

  test("tells that no column is shown from the page's own choice", () => {
    expect(parseView(formatView({ ...FIRST, columns: [] })).columns).toEqual([]);
    expect(parseView(formatView(FIRST)).columns).toBeNull();
  });

  test("holds so many runs that it can still be sent around", () => {
    const selected = selectionOf(Array.from({ length: 1000 }, (_, i) => `run-${i}`));
    expect(parseView(formatView({ ...FIRST, selected })).selected?.size).toBe(MOST_IDS);
  });

  test.each(["order=sideways", "columns=%E0%A4%A", "selected=,,", "expanded="])(
    "that is damaged, %s, is read without an error",
    (query) => {
      expect(() => parseView(new URLSearchParams(query))).not.toThrow();
    },
  );
});

describe("the fragment of TensorBoard's page", () => {
  test("keeps what is not this tab's", () => {
    const hash = writeFragment(
      "#runhistory&_smoothing=0.6&p.runhistory.sort=name",
      new URLSearchParams({ metric: "loss" }),
    );
    expect(hash).toBe("#runhistory&_smoothing=0.6&p.runhistory.metric=loss");
  });

  test("names the tab where it was empty, so that the link opens it", () => {
    expect(writeFragment("", new URLSearchParams({ sort: "name" }))).toBe("#runhistory&p.runhistory.sort=name");
  });

  test("is left alone while another tab is shown", () => {
    expect(isElsewhere("#timeseries&p.runhistory.sort=name")).toBe(true);
    expect(isElsewhere("#runhistory")).toBe(false);
    expect(isElsewhere("")).toBe(false);
  });

  test("with a broken escape is read as it stands", () => {
    expect(readFragment("#runhistory&p.runhistory.metric=%E0%A4%A").get("metric")).toBe("%E0%A4%A");
  });
});

describe("selected runs", () => {
  test("keep their colours when others come and go", () => {
    const three = selectionOf(["a", "b", "c"]);
    const without = withoutRuns(three, ["a"]);
    expect([...without]).toEqual([
      ["b", 1],
      ["c", 2],
    ]);
    expect(withRuns(without, ["d", "e", "b"])).toEqual(
      new Map([
        ["b", 1],
        ["c", 2],
        ["d", 0],
        ["e", 3],
      ]),
    );
  });

  test("are not changed in place", () => {
    const before = selectionOf(["a"]);
    withRuns(before, ["b"]);
    withoutRuns(before, ["a"]);
    expect([...before.keys()]).toEqual(["a"]);
  });
});

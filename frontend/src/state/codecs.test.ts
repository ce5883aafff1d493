import { describe, expect, test } from "vitest";
import { selectionOf } from "../model/selection";
import { isElsewhere, readFragment, writeFragment } from "./address";
import { MOST_IDS } from "./codecs";
import { isStep, type Linked, readLinked, writeLinked } from "./page";
import { packed, unpacked } from "./runIds";

const FIRST: Linked = readLinked(new URLSearchParams());

describe("a view in an address", () => {
  test("is nothing while the page is as it begins", () => expect(String(writeLinked(FIRST))).toBe(""));

  test("comes back as it was, whatever stands in names", () => {
    const view: Linked = {
      experiment: "a & b = #1, ü",
      sort: "metrics.loss/train",
      order: "asc",
      expanded: new Set(["01ab", "02cd"]),
      selected: selectionOf(["02cd", "01ab"]),
      metric: "p.runhistory.x=1&y",
      columns: ["inherited.params.`a,b`", "metrics.`c%d`.min"],
      pinned: 2,
      filter: "name LIKE '50%' and params.`a&b` != 'x=1#'",
      show: "flat",
      stages: "archived",
      curves: true,
      groupBy: ["status", "inherited.params.`a,b=c%`"],
      colorBy: "tags.team",
      selectedBy: null,
      chart: {
        xAxis: "wall",
        yScale: "log",
        zoom: { x: { min: 1764230400.125, max: 1764234000 }, y: { min: 1e-9, max: 2 } },
      },
    };
    const hash = writeFragment("", writeLinked(view));
    expect(readLinked(readFragment(hash))).toEqual(view);
  });

  test("tells that nothing is selected from that nobody has selected", () => {
    const cleared = { ...FIRST, selected: new Map() };
    expect(readLinked(writeLinked(cleared)).selected).toEqual(new Map());
    expect(readLinked(writeLinked(FIRST)).selected).toBeNull();
  });

  test("tells that no column is shown from the page's own choice", () => {
    expect(readLinked(writeLinked({ ...FIRST, columns: [] })).columns).toEqual([]);
    expect(readLinked(writeLinked(FIRST)).columns).toBeNull();
  });

  test("holds many runs with their colours, and no more than can still be sent around", () => {
    const ids = Array.from({ length: 3000 }, (_, i) => `01234567-89ab-7def-8123-${String(i).padStart(12, "0")}`);
    const most = readLinked(writeLinked({ ...FIRST, selected: selectionOf(ids) })).selected;
    expect([...(most ?? [])]).toEqual([...selectionOf(ids.slice(0, MOST_IDS))]);
    const some = new Map(ids.slice(0, 101).map((id, i) => [id, 7 * i + 3]));
    const hash = writeFragment("", writeLinked({ ...FIRST, selected: some }));
    expect(hash.length).toBeLessThan(3000);
    expect([...(readLinked(readFragment(hash)).selected ?? [])]).toEqual([...some]);
  });

  test.each([
    ["zoom=10,30,,", { x: { min: 10, max: 30 }, y: null }],
    ["zoom=,,-1,0.5", { x: null, y: { min: -1, max: 0.5 } }],
    ["zoom=30,10,5,5", { x: null, y: null }],
    ["zoom=a,b,NaN,Infinity", { x: null, y: null }],
    ["zoom=-1e308,1e308,1e999,2", { x: null, y: null }],
    ["zoom=", { x: null, y: null }],
    ["y=log&zoom=1,2,-1,5", { x: { min: 1, max: 2 }, y: null }],
  ])("that zooms, %s, is taken as far as it makes sense", (query, zoom) => {
    expect(readLinked(new URLSearchParams(query)).chart.zoom).toEqual(zoom);
  });

  test("with axes that there are not has the first ones", () => {
    expect(readLinked(new URLSearchParams("x=sideways&y=up")).chart).toEqual(FIRST.chart);
  });

  test("takes ids in their usual form too, as somebody types them", () => {
    const id = "01234567-89ab-7def-8123-456789abcdef";
    expect([...(readLinked(new URLSearchParams({ selected: `${id},b~5,c,c,d~5` })).selected ?? [])]).toEqual([
      [id, 0],
      ["d", 1],
      ["b", 5],
      ["c", 6],
    ]);
    expect(unpacked(packed(id))).toBe(id);
    expect(packed(id)).toHaveLength(22);
  });

  test("is a step of the back button where another metric or experiment is shown", () => {
    const step = (before: string, after: string) => isStep(new URLSearchParams(before), new URLSearchParams(after));
    expect([
      step("metric=a", "metric=b"),
      step("", "experiment=x"),
      step("selected=a", "selected=b&sort=name"),
      step("", "show=flat"),
    ]).toEqual([true, true, false, true]);
  });

  test("is a step where another filter is asked for, and none where one is written on", () => {
    const step = (before: string, after: string) =>
      isStep(new URLSearchParams({ filter: before }), new URLSearchParams({ filter: after }));
    expect([
      step("", "depth = 1"),
      step("depth = 1", ""),
      step("depth = 1", "name = 'a'"),
      step("depth = 1", "depth = 12"),
      step("depth = 12", "depth = 1"),
    ]).toEqual([true, true, true, false, false]);
  });

  test.each(["order=sideways", "show=sideways", "columns=%E0%A4%A", "selected=,,", "expanded="])(
    "that is damaged, %s, is read without an error",
    (query) => {
      expect(() => readLinked(new URLSearchParams(query))).not.toThrow();
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

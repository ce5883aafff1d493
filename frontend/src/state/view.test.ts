import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { selectionOf } from "../model/selection";
import { followAddress, storeAtAddress } from "./followAddress";
import { pageAt, pageOf } from "./page";
import { addressOf, begunWith, linkTo, shownAs, viewOf } from "./view";

const VIEW = "sort=metrics.loss&order=asc&columns=metrics.loss";
const at = (address: string) => pageAt(new URLSearchParams(address));

describe("a view", () => {
  test("is how runs are shown, and not which", () => {
    const page = at(`experiment=mnist&selected=a&expanded=b&zoom=1,2,,&filter=depth+%3D+1&${VIEW}`);
    expect(new URLSearchParams(viewOf(page))).toEqual(new URLSearchParams(`${VIEW}&filter=depth+%3D+1`));
    expect(viewOf(pageOf("mnist"))).toBe("");
  });

  test("shows the same runs otherwise", () => {
    const page = { ...at("experiment=mnist&metric=mse&zoom=1,2,,"), selected: selectionOf(["a"]) };
    const shown = shownAs(VIEW, page);
    expect(shown).toMatchObject({ experiment: "mnist", selected: page.selected, sort: "metrics.loss", metric: null });
    expect(shown.chart.zoom.x).toBeNull();
    expect(viewOf(shownAs("", shown))).toBe("");
  });

  test("that says what nobody knows is read as far as it makes sense", () => {
    expect(viewOf(shownAs("nonsense=1&order=up&sort=name", pageOf("")))).toBe("sort=name&order=desc");
  });

  test("is linked with its experiment", () => {
    expect(linkTo("a & b", "sort=name&order=asc")).toMatch(
      /#runhistory&p\.runhistory\.experiment=a%20%26%20b&p\.runhistory\.sort=name&p\.runhistory\.order=asc$/,
    );
    expect(linkTo("", "")).toMatch(/#runhistory$/);
  });
});

describe("the experiment's own view", () => {
  const begun = (address: string, view = VIEW) => {
    const page = at(address);
    return { ...page, ...begunWith(page, view) };
  };

  test("is shown where the address says nothing, and the address goes on saying nothing", () => {
    const page = begun("experiment=mnist&selected=a");
    expect(page.sort).toBe("metrics.loss");
    expect(String(addressOf(page))).toBe("experiment=mnist&selected=a");
  });

  test("is not shown where the address says how runs are shown", () => {
    const page = begun("filter=depth+%3D+1");
    expect(page).toMatchObject({ sort: "created", filter: "depth = 1" });
    expect(String(addressOf(page))).toBe("filter=depth+%3D+1");
  });

  test("that somebody has changed is an address of its own, and so is the page's own choice", () => {
    const page = begun("");
    expect(addressOf({ ...page, sort: "name" }).get("sort")).toBe("name");
    const plain = { ...page, ...shownAs("", page) };
    const address = addressOf(plain);
    expect(String(address)).toBe("sort=created&order=desc");
    expect(begun(String(address)).sort).toBe("created");
  });

  test("where there is none changes nothing", () => {
    expect(viewOf(begun("", ""))).toBe("");
    expect(String(addressOf(begun("sort=name&order=asc", "")))).toBe("sort=name&order=asc");
  });
});

describe("in the address of the window", () => {
  beforeEach(() => {
    window.location.hash = "";
  });
  let end = () => {};
  afterEach(() => end());

  test("the way back leads to the experiment's view again", async () => {
    const store = storeAtAddress();
    end = followAddress(store);
    store.change((page) => begunWith(page, "metric=mse"));
    expect(store.get().metric).toBe("mse");
    store.change(() => ({ metric: "loss" }));
    await vi.waitFor(() => expect(window.location.hash).toContain("metric=loss"));
    window.location.hash = "#runhistory";
    await vi.waitFor(() => expect(store.get().metric).toBe("mse"));
    window.location.hash = "#runhistory&p.runhistory.experiment=other";
    await vi.waitFor(() => expect(store.get().experiment).toBe("other"));
    expect(store.get()).toMatchObject({ metric: null, base: { view: null, isSaid: false } });
  });
});

import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Surface } from "../../plot/surface";
import { installBrowser, type Record2D, SIZE } from "../../plot/testing/browser";
import { SavePicture } from "./SavePicture";
import type { Scene } from "./scene";
import { makeLines } from "./testing/lines";

let record: Record2D;
let saved: string[];

beforeEach(() => {
  record = installBrowser();
  saved = [];
  vi.stubGlobal("URL", { createObjectURL: () => "blob:1", revokeObjectURL: () => undefined });
  vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(function (this: HTMLAnchorElement) {
    saved.push(this.download);
  });
});

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

const theme = { text: "black", grid: "grey", background: "white", font: "11px serif" };
const SURFACE: Surface = { ...SIZE, ratio: 1, theme };

function button(runs: number, tag = "loss/train") {
  const inputs = Array.from({ length: runs }, (_, i) => ({ runId: `r${i}`, steps: [0, 1], values: [0, 1] }));
  const scene: Scene = {
    tag,
    lines: makeLines(inputs),
    x: { min: 0, max: 1 },
    y: { min: 0, max: 1 },
    xAxis: "step",
    yScale: "linear",
    isWhole: true,
  };
  render(<SavePicture scene={scene} surface={SURFACE} measure={(text) => 6 * text.length} />);
  return screen.getByRole("button", { name: "Save as PNG" });
}

const texts = () => record.drawn.filter(({ method }) => method === "fillText").map(({ values }) => values[0]);

test("the picture is a file called after the metric, with axes and the names of the runs", async () => {
  vi.spyOn(HTMLCanvasElement.prototype, "toBlob").mockImplementation((tell) => tell(new Blob()));
  fireEvent.click(button(2, "loss/train ../<b>"));
  await waitFor(() => expect(saved).toEqual(["loss-train-..-b-.png"]));
  expect(texts()).toEqual(expect.arrayContaining(["Step", "run r0", "run r1"]));
});

test("of very many runs it names some, and says how many there are besides", async () => {
  vi.spyOn(HTMLCanvasElement.prototype, "toBlob").mockImplementation((tell) => tell(new Blob()));
  fireEvent.click(button(100));
  await waitFor(() => expect(saved).toHaveLength(1));
  expect(texts()).toContain("and 60 more");
  expect(texts()).not.toContain("run r40");
});

test("a picture that the browser refuses is said beside the button", async () => {
  vi.spyOn(HTMLCanvasElement.prototype, "toBlob").mockImplementation((tell) => tell(null));
  fireEvent.click(button(1));
  expect((await screen.findByRole("alert")).textContent).toContain("could not make a picture");
  expect(saved).toEqual([]);
});

import { cleanup, render, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { encodeAnswer } from "../../../data/points/testing/answers";
import type { RunRow } from "../../../model/rows";
import type { TableColumn } from "../../../table/columns";
import { newPage } from "../../../testing/page";
import { sampleRun } from "../../../testing/runs";
import { serve } from "../../../testing/server";
import { withCurves } from "./withCurves";

const IDS = ["metrics.loss", "inherited.params.lr"];
const COLUMNS = IDS.map(
  (id): TableColumn => ({
    id,
    title: id,
    meaning: id,
    width: 100,
    isNumeric: true,
    canSort: true,
    cell: () => <b>{id}</b>,
  }),
);

let asked: URL[];

beforeEach(() => {
  asked = serve(({ pathname, searchParams }) =>
    pathname.endsWith("version")
      ? { version: "1" }
      : encodeAnswer(searchParams.getAll("run").map((runId) => ({ runId, steps: [0, 1], values: [0, 1] }))),
  );
});

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

function rowsOf(isWanted: boolean) {
  const cells = [
    [0.5, 1],
    [{ rolled_up: 0.5, over: 2, best: "a" }, 1],
    [null, null],
  ];
  const rows = cells.map(
    (cells, i) => ({ run: sampleRun("abc"[i] as string, { cells }), columns: IDS }) as unknown as RunRow,
  );
  const columns = withCurves(COLUMNS, isWanted, new Map());
  return render(
    rows.flatMap((row) => columns.map((column) => <div key={row.run.run_id + column.id}>{column.cell(row)}</div>)),
    { wrapper: newPage().wrapper },
  );
}

test("a value that a run has of a metric itself has a curve, and nothing else has", async () => {
  const { container } = rowsOf(true);
  await waitFor(() => expect(container.querySelector("path")?.getAttribute("d")).toMatch(/^M.*L/));
  expect(container.querySelectorAll(".curve")).toHaveLength(1);
  expect(container.querySelectorAll("b")).toHaveLength(6);
  const points = asked.filter(({ pathname }) => pathname.endsWith("/points"));
  expect(points.map(({ searchParams }) => [searchParams.get("tag"), searchParams.getAll("run")])).toEqual([
    ["loss", ["a"]],
  ]);
});

test("nothing is asked for curves that nobody wants", () => {
  const { container } = rowsOf(false);
  expect(container.querySelector(".curve")).toBeNull();
  expect(asked.filter(({ pathname }) => pathname.endsWith("/points"))).toEqual([]);
});

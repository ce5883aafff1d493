// @vitest-environment node
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { expect, test } from "vitest";

const SOURCES = join(import.meta.dirname, "..");

/** The folders from the lowest to the highest: a folder imports what is below it. */
const ORDER = ["theme", "api", "model", "state", "data", "ui", "plot", "table", "views", "app"];

/** Each module with the modules of ours that it imports, types included; tests may import anything. */
const IMPORTS = new Map(
  readdirSync(SOURCES, { recursive: true, encoding: "utf-8" })
    .filter((path) => /\.tsx?$/.test(path) && !/\.test\.tsx?$/.test(path) && !path.split(sep).includes("testing"))
    .map((path) => [path.replaceAll(sep, "/"), importsOf(path)] as const),
);

function importsOf(path: string): string[] {
  const text = readFileSync(join(SOURCES, path), "utf-8");
  const named = [...text.matchAll(/(?:from|import)\s*\(?\s*"(\.{1,2}\/[^"]+)"/g)].map(([, name]) => name as string);
  return named
    .filter((name) => !name.endsWith(".css"))
    .map((name) => relative(SOURCES, join(SOURCES, dirname(path), name)).replaceAll(sep, "/"))
    .map((module) => [`${module}.ts`, `${module}.tsx`].find((file) => exists(file)) ?? module);
}

function exists(file: string): boolean {
  try {
    readFileSync(join(SOURCES, file));
    return true;
  } catch {
    return false;
  }
}

const folderOf = (path: string) => path.split("/")[0] as string;
/** Views are folders of a folder. */
const viewOf = (path: string) => (folderOf(path) === "views" ? path.split("/")[1] : undefined);

test("every folder has its place, and every import leads to a module", () => {
  expect(new Set([...IMPORTS.keys()].map(folderOf))).toEqual(new Set(ORDER));
  expect(
    [...IMPORTS].flatMap(([path, all]) => all.filter((to) => !IMPORTS.has(to)).map((to) => `${path}: ${to}`)),
  ).toEqual([]);
});

test("no folder imports one above it", () => {
  const upwards = [...IMPORTS].flatMap(([path, all]) =>
    all
      .filter((to) => ORDER.indexOf(folderOf(to)) > ORDER.indexOf(folderOf(path)))
      .map((to) => `${path} imports ${to}`),
  );
  expect(upwards).toEqual([]);
});

test("no view imports another", () => {
  const across = [...IMPORTS].flatMap(([path, all]) =>
    viewOf(path) === undefined
      ? []
      : all
          .filter((to) => viewOf(to) !== undefined && viewOf(to) !== viewOf(path))
          .map((to) => `${path} imports ${to}`),
  );
  expect(across).toEqual([]);
});

test("only the client of the server asks it anything", () => {
  const asking = [...IMPORTS.keys()].filter((path) =>
    /(?<![.\w])fetch\(/.test(readFileSync(join(SOURCES, path), "utf-8")),
  );
  expect(asking).toEqual(["api/client.ts"]);
});

test("no module leads back to itself, types included", () => {
  const done = new Set<string>();
  const circles: string[] = [];
  const walk = (path: string, above: readonly string[]) => {
    if (above.includes(path)) {
      circles.push([...above.slice(above.indexOf(path)), path].join(" → "));
    } else if (!done.has(path)) {
      for (const to of IMPORTS.get(path) ?? []) {
        walk(to, [...above, path]);
      }
      done.add(path);
    }
  };
  for (const path of IMPORTS.keys()) {
    walk(path, []);
  }
  expect(circles).toEqual([]);
});

/// <reference types="vitest/config" />
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

/** Where `npm run dev` finds a TensorBoard that answers the HTTP API. */
const TENSORBOARD = process.env["TENSORBOARD"] ?? "http://localhost:6006";

/**
 * TensorBoard loads one module and nothing else, so the entry brings its style sheet itself: as a constructed sheet,
 * which needs no permission from a content security policy.
 */
function styleSheetInEntry(): Plugin {
  return {
    name: "style-sheet-in-entry",
    enforce: "post",
    generateBundle(_options, bundle) {
      let css = "";
      for (const file of Object.values(bundle).sort((a, b) => a.fileName.localeCompare(b.fileName))) {
        if (file.type === "asset" && file.fileName.endsWith(".css")) {
          css += file.source;
          delete bundle[file.fileName];
        }
      }
      const entry = bundle["index.js"];
      if (entry?.type === "chunk" && css !== "") {
        const sheet = `const s=new CSSStyleSheet;s.replaceSync(${JSON.stringify(css)});document.adoptedStyleSheets.push(s);`;
        entry.code += `\n{${sheet}}\n`;
      }
    },
  };
}

export default defineConfig({
  base: "./",
  plugins: [react(), styleSheetInEntry()],
  build: {
    outDir: "../tb_runhistory/plugin/static",
    emptyOutDir: true,
    target: "es2022",
    cssCodeSplit: false,
    modulePreload: false,
    reportCompressedSize: false,
    // All of it is needed for the first paint; benchmarks hold its compressed size.
    chunkSizeWarningLimit: 700,
    license: { fileName: "third-party-licenses.md" },
    rolldownOptions: {
      input: "src/app/index.ts",
      preserveEntrySignatures: "strict",
      output: { entryFileNames: "index.js", chunkFileNames: "[name]-[hash].js" },
    },
  },
  server: {
    proxy: { "/v1": { target: TENSORBOARD, rewrite: (path) => `/data/plugin/runhistory${path}` } },
  },
  test: {
    environment: "jsdom",
    // Most of the time goes into starting each file's environment, also on a machine of two cores.
    pool: "threads",
    maxWorkers: 2,
    restoreMocks: true,
  },
});

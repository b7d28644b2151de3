// Bundles the page: `node build.mjs` for the product, `--tests` for the unit tests, `--fake` for a page on a made-up engine.

import { rmSync, mkdirSync, copyFileSync, readFileSync, writeFileSync, readdirSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { fileURLToPath } from "node:url";
import { dirname } from "node:path";
import { build } from "esbuild";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const mode = process.argv[2] ?? "";

function put(path, bytes) {
  mkdirSync(dirname(here(path)), { recursive: true });
  writeFileSync(here(path), bytes);
}

const page = {
  bundle: true,
  format: "esm",
  target: "es2022",
  loader: { ".css": "text" },
  minify: true,
  legalComments: "none",
  logLevel: "warning",
  absWorkingDir: here("."),
};

if (mode === "--tests") {
  const tests = readdirSync(here("test")).filter((name) => name.endsWith(".test.ts"));
  rmSync(here("gen-test"), { recursive: true, force: true });
  await build({
    ...page,
    entryPoints: tests.map((name) => `test/${name}`),
    outdir: "gen-test",
    outExtension: { ".js": ".mjs" },
    platform: "node",
    packages: "bundle",
    minify: false,
  });
} else if (mode === "--fake") {
  rmSync(here("gen-fake"), { recursive: true, force: true });
  mkdirSync(here("gen-fake/js"), { recursive: true });
  await build({
    ...page,
    entryPoints: { main: "main.ts", worker: "test/fake-worker.ts" },
    outdir: "gen-fake/js",
    sourcemap: true,
  });
  const html = readFileSync(here("../index.html"), "utf8")
    .replace(/<link data-trunk rel="css" href="www\/(.*?)".*?>/, '<link rel="stylesheet" href="$1">')
    .replace(/<link data-trunk rel="icon" href="www\/(.*?)".*?>/, '<link rel="icon" href="$1">')
    .replace(/\s*<link data-trunk.*?>/g, "");
  writeFileSync(here("gen-fake/index.html"), html);
  for (const model of ["resnet8", "lenet-5"]) put(`gen-fake/assets/models/${model}.safetensors`, Buffer.alloc(8));
  for (const data of ["fashion", "mnist"])
    for (const file of ["test-images", "test-labels", "train-images", "train-labels"])
      put(`gen-fake/assets/data/${data}/${file}.idx.gz`, gzipSync(Buffer.alloc(8)));
  copyFileSync(here("style.css"), here("gen-fake/style.css"));
  copyFileSync(here("icon.svg"), here("gen-fake/icon.svg"));
} else {
  rmSync(here("gen"), { recursive: true, force: true });
  await build({
    ...page,
    entryPoints: ["main.ts", "worker.ts", "member.ts"],
    outdir: "gen",
  });
}

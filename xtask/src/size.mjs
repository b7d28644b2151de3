// Lists what a visitor downloads before the first model and image: code and styles, compressed with brotli.
import { readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { brotliCompressSync } from "node:zlib";

const root = process.argv.at(-1);
const kinds = new Set([".html", ".js", ".css", ".wasm"]);
const files = readdirSync(root, { recursive: true })
  .filter((file) => kinds.has(extname(file)) && !file.startsWith("assets"))
  .sort();
// A visitor gets one engine: the one at the root, the one in relaxed/ or the one in threads/. The largest counts.
const totals = { page: 0, plain: 0, relaxed: 0, threads: 0 };
for (const file of files) {
  const bytes = brotliCompressSync(readFileSync(join(root, file))).length;
  const folder = file.split("/")[0];
  const part = folder in totals ? folder : /^secateur(_bg)?\./.test(file) ? "plain" : "page";
  totals[part] += bytes;
  console.log(`${String(bytes).padStart(9)}  ${file}`);
}
const total = totals.page + Math.max(totals.plain, totals.relaxed, totals.threads);
console.log(`${String(total).padStart(9)}  total, with one engine`);

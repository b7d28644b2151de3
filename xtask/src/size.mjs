// Lists what a visitor downloads before the first model and image: code and styles, compressed with brotli. The rest of an engine
// comes after that.
import { readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { brotliCompressSync } from "node:zlib";

const root = process.argv.at(-1);
const kinds = new Set([".html", ".js", ".css", ".wasm"]);
const files = readdirSync(root, { recursive: true })
  .filter((file) => kinds.has(extname(file)) && !file.startsWith("assets"))
  .sort();
// A visitor gets one engine: the one at the root, the one in relaxed/ or the one in threads/, and with a GPU that of gpu/. The
// largest counts.
const engines = { plain: 0, relaxed: 0, threads: 0, gpu: 0, "gpu/relaxed": 0, "gpu/threads": 0 };
const rests = [];
let page = 0;
for (const file of files) {
  const bytes = brotliCompressSync(readFileSync(join(root, file))).length;
  const folder = file.split("/").slice(0, -1).join("/");
  if (file.endsWith("secateur_rest.wasm")) rests.push(bytes);
  else if (/^secateur(_bg)?\./.test(file.split("/").at(-1))) engines[folder || "plain"] += bytes;
  else page += bytes;
  console.log(`${String(bytes).padStart(9)}  ${file}`);
}
const largest = Math.max(engines.plain, engines.relaxed, engines.threads);
const adds = ["plain", "relaxed", "threads"].map((name) => engines[name === "plain" ? "gpu" : `gpu/${name}`] - engines[name]);
console.log(`${String(Math.max(...adds)).padStart(9)}  more for who has a GPU`);
console.log(`${String(Math.max(...rests)).padStart(9)}  more once something is run`);
console.log(`${String(page + largest).padStart(9)}  total, with one engine`);

// Lists what a visitor downloads before the first model and image: code and styles, compressed with brotli.
import { readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { brotliCompressSync } from "node:zlib";

const root = process.argv.at(-1);
const kinds = new Set([".html", ".js", ".css", ".wasm"]);
const files = readdirSync(root, { recursive: true })
  .filter((file) => kinds.has(extname(file)) && !file.startsWith("assets"))
  .sort();
let total = 0;
for (const file of files) {
  const bytes = brotliCompressSync(readFileSync(join(root, file))).length;
  total += bytes;
  console.log(`${String(bytes).padStart(9)}  ${file}`);
}
console.log(`${String(total).padStart(9)}  total`);

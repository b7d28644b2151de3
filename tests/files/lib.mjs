// What the tests of saved files share: the command line that writes them, and the examples that networks look at.
// SECATEUR_CLI names the program, SECATEUR_PYTHON a Python with the packages of requirements.txt.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";

export const root = fileURLToPath(new URL("../../", import.meta.url));
const cli = process.env.SECATEUR_CLI ?? join(root, "target/debug/secateur");
const python = process.env.SECATEUR_PYTHON ?? join(root, "target/python/bin/python");

function call(program, args) {
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd: root, encoding: "utf8", maxBuffer: 1 << 28 });
  if (status !== 0) throw new Error(`${program} ${args.join(" ")}\n${error ?? ""}${stderr}`);
  return { stdout, stderr };
}

export const secateur = (...args) => call(cli, args);
export const py = (...args) => call(python, args).stdout;

/** A folder that is gone when the tests are over. */
export function folder(after) {
  const path = mkdtempSync(join(tmpdir(), "secateur-"));
  after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Prunes without training, unless it is asked for, and without a GPU; gives the record. */
export function prune(out, settings, more = []) {
  const own = settings.split(" ");
  const all = [...(own.some((pair) => pair.startsWith("recovery=")) ? [] : ["recovery=none"]), "executor=cpu", ...own];
  return JSON.parse(secateur("prune", ...all, ...more, "--json", "--out", out).stdout);
}

/** A plain safetensors file: its tensors as { shape, values }, and its metadata. */
export function plain(path) {
  const file = new Uint8Array(readFileSync(path));
  const start = 8 + Number(new DataView(file.buffer).getBigUint64(0, true));
  const { __metadata__: about = {}, ...header } = JSON.parse(new TextDecoder().decode(file.subarray(8, start)));
  const values = ([from, to]) => new Float32Array(file.slice(start + from, start + to).buffer);
  const tensors = Object.entries(header).map(([name, { shape, data_offsets }]) => [name, { shape, values: values(data_offsets) }]);
  return { about, weights: Object.fromEntries(tensors) };
}

/** The shipped test examples as networks see them, their shape, what each should be answered, and among how many. */
export function examples(id) {
  const { task, classes, mean, spread } = JSON.parse(secateur("catalog", "--json").stdout).datasets.find((data) => data.id === id);
  const unpacked = (name) => gunzipSync(readFileSync(join(root, `www/assets/data/${id}/test${name}`)));
  if (task === "next-token") {
    const codes = [...unpacked(".txt.gz").toString()].map((character) => classes.indexOf(character));
    const window = 64;
    const used = window * Math.floor((codes.length - window) / window);
    return { x: Float32Array.from(codes.slice(0, used)), shape: [window], labels: codes.slice(1, used + 1), classes: classes.length };
  }
  const [images, labels] = [unpacked("-images.idx.gz").subarray(16), unpacked("-labels.idx.gz").subarray(8)];
  return { x: Float32Array.from(images, (grey) => (grey / 255 - mean) / spread), shape: [1, 28, 28], labels: [...labels], classes: 10 };
}

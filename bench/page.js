// Runs every case, our plan and the peer's dense model in turn, and posts the rows to the server that opened this page.
import { fused } from "./fused.js";
import { cases } from "./cases.js";
import { interleave, median, timerStep } from "./measure.js";
import * as peer from "./peer.js";
import { table } from "./table.js";

/** Outputs may differ by this much of the largest one: sums are taken in another order. */
const TOLERANCE = 1e-3;

// As on the page: the engine with fused multiply-adds where the browser has them.
const { default: init, Bench, bench_ratio, bench_peak } = await import(fused() ? "/relaxed/secateur.js" : "/pkg/secateur.js");

async function main() {
  const wasm = await init();
  const step = timerStep();
  const rows = [];
  for (const [index, one] of cases.entries()) {
    const row = await measure(one, step);
    rows.push(row);
    await say(`${index + 1}/${cases.length}  ${row.what} ${row.shape} ${row.pattern} ${row.sparsity}: ${row.ratio.toFixed(2)}x`);
  }
  const environment = {
    peer: peer.name,
    user_agent: navigator.userAgent,
    threads: 1,
    timer_step_us: 1000 * step,
    isolated: crossOriginIsolated,
    memory_mb: Math.round(wasm.memory.buffer.byteLength / 2 ** 20),
  };
  await post("bench.json", JSON.stringify({ environment, rows }, null, 1));
  await post("bench.txt", table(environment, rows));
  await post("done", "");
}

async function measure(one, step) {
  const ours = await open(one);
  const shape = [...ours.shape()];
  const input = ours.input();
  const error = await difference(ours, shape, input);
  const dense = await peer.load(ours.dense(), shape, input);
  const [mine, theirs] = await interleave((times) => ours.run(times), dense.run, step);
  await dense.release();
  const [ratio, low, high] = bench_ratio(Float64Array.from(theirs), Float64Array.from(mine));
  const row = {
    what: one.kind === "conv" ? `conv ${one.kernel}x${one.kernel}, ${one.channels} channels` : one.id,
    shape: shape.join("x"),
    pattern: one.pattern,
    sparsity: one.sparsity,
    ours_ms: median(mine),
    peer: peer.name,
    peer_ms: median(theirs),
    ratio,
    low,
    high,
    samples: mine.length,
    kernels: ours.kernels(),
    error,
  };
  ours.free();
  return row;
}

async function open(one) {
  if (one.kind === "conv") return Bench.conv(one.channels, one.kernel, one.size, one.pattern, one.sparsity);
  const file = await fetch(`/models/${one.id}.safetensors`);
  if (!file.ok) throw new Error(`www/assets/models/${one.id}.safetensors: ${file.status}; restore it from the repository`);
  return Bench.model(one.id, new Uint8Array(await file.arrayBuffer()), one.pattern, one.sparsity, one.batch);
}

/** How far our answers are from the peer's on the pruned model, relative to the largest. A large one is an error. */
async function difference(ours, shape, input) {
  const masked = await peer.load(ours.masked(), shape, input);
  await masked.run(1);
  ours.run(1);
  const [mine, theirs] = [ours.output(), masked.output()];
  if (mine.length !== theirs.length) throw new Error(`${mine.length} outputs here, ${theirs.length} from the peer`);
  const largest = theirs.reduce((most, x) => Math.max(most, Math.abs(x)), 1e-6);
  const apart = theirs.reduce((most, x, i) => Math.max(most, Math.abs(x - mine[i])), 0) / largest;
  await masked.release();
  if (!(apart < TOLERANCE)) throw new Error(`our outputs are ${apart} from the peer's, more than ${TOLERANCE}`);
  return apart;
}

async function say(line) {
  document.querySelector("#log").append(line, "\n");
  await post("log", line);
}

function post(path, body) {
  return fetch(`/${path}`, { method: "POST", body });
}

main().catch((error) => post("error", error.stack ?? error.message ?? JSON.stringify(error)));

// The answers behind "how?": definition, sample, interval, surroundings.

import { html, nothing, type TemplateResult } from "lit";
import { bytes, count, fixed, milliseconds, percent, plural, ratio } from "../format.js";
import type { Environment, RunRecord } from "../types.js";

export const how = (about: string, answer: TemplateResult): TemplateResult =>
  html`<secateur-how .about=${about} .answer=${answer}></secateur-how>`;

export const row = (term: string, text: string | TemplateResult): TemplateResult =>
  html`<div>
    <dt>${term}</dt>
    <dd>${text}</dd>
  </div>`;

export function place(env: Environment): string {
  const simd = env.relaxed_simd ? "relaxed SIMD" : env.simd ? "SIMD" : "no SIMD";
  const gpu = env.executor === "gpu" ? `WebGPU (${env.gpu ?? "unnamed"}), ` : "";
  return `${browserName(env.user_agent)}, ${gpu}${plural(env.threads, "thread")}, ${simd}, timer step ${count(env.timer_step_us)} µs, Secateur ${env.version}`;
}

export function browserName(agent: string): string {
  const found = /(Firefox|Edg|OPR|HeadlessChrome|Chrome)\/(\d+)/.exec(agent) ?? /Version\/(\d+).*(Safari)/.exec(agent);
  if (!found) return agent.slice(0, 60) || "this device";
  const names: Record<string, string> = { Edg: "Edge", OPR: "Opera", HeadlessChrome: "Chromium without a window" };
  const [name, version] = /^\d/.test(found[1]!) ? [found[2]!, found[1]!] : [found[1]!, found[2]!];
  return `${names[name] ?? name} ${version}`;
}

export const howAccuracy = (record: RunRecord, dense: boolean): TemplateResult => {
  const { accuracy: a, text } = record;
  if (text)
    return how(
      "the bits per character",
      html`<p>
          The mean of −log₂ of the likelihood given to the character that does come next, over a text used for nothing else.
          Each window of 64 begins anew, so its first characters are told from little.
        </p>
        <dl>
          ${row("Characters", count(a.n))} ${row("Before", `${fixed(text.bits_before, 4)} bits`)}
          ${dense ? nothing : row("After", `${fixed(text.bits_after, 4)} bits`)}
          ${row("Right", `the likeliest is the one that comes: ${percent(a.before, 2)}${dense ? "" : ` before, ${percent(a.after, 2)} after`}`)}
        </dl>`,
    );
  return how(
    "the accuracy",
    html`<p>
        The share of test images the network names rightly. None of them was used for training, for scoring or for
        choosing.
      </p>
      <dl>
        ${row("Images", count(a.n))}
        ${row("Before", `${percent(a.before, 2)} (${percent(a.before_low)} to ${percent(a.before_high)})`)}
        ${dense ? nothing : row("After", `${percent(a.after, 2)} (${percent(a.low)} to ${percent(a.high)})`)}
        ${row("A point", "one image more or less in a hundred")}
        ${row("Interval", "Wilson, 95%: where the share of a much larger sample would lie")}
        ${a.top5_after === undefined || dense ? nothing : row("In the first five", `${percent(a.top5_before ?? NaN)} before, ${percent(a.top5_after)} after`)}
      </dl>`,
  );
};

export const howSpeed = (record: RunRecord, dense: boolean): TemplateResult => {
  const s = record.speed;
  return how(
    "the speed",
    html`<p>
        The time of one forward pass on this device, now: the network's whole computation, from an image to its answer.
        ${dense ? nothing : "Dense and cut network take turns, so that both see the same machine; each layer runs the fastest kernel found for it, the dense network too."}
      </p>
      <dl>
        ${row("Dense", milliseconds(s.dense_ms))} ${dense ? nothing : row("Cut", milliseconds(s.pruned_ms))}
        ${dense ? nothing : row("Ratio", `${ratio(s.ratio)} (${ratio(s.low)} to ${ratio(s.high)}, bootstrap, 95%)`)}
        ${row("Samples", `${count(s.samples)}, the mean of the middle half taken; batch of ${count(s.batch)}`)}
        ${row("Where", place(record.environment))}
      </dl>`,
  );
};

export const howSize = (record: RunRecord, dense: boolean): TemplateResult => {
  const { size, macs, per_image: each } = record;
  return how(
    "the size",
    html`<p>
        Lengths of files that Save writes: dense, a plain safetensors file of the network as it was, four bytes a number; cut,
        the compact form, which holds what is kept, where it lies, and the recipe. Parameters are the weights of layers, and
        their biases and norms, which are not cut.
      </p>
      <dl>
        ${row("Dense", `${bytes(size.bytes_dense)}, ${count(size.parameters)} parameters`)}
        ${dense ? nothing : row("Cut", `${bytes(size.bytes_stored)}, ${count(size.nonzero)} that are not zero`)}
        ${dense ? nothing : row("Arithmetic", `${count(macs.dense)} multiply-adds before, ${count(macs.pruned)} after${each ? `, the mean of ${count(each.images)} images (± ${count(Math.round(each.macs.deviation))})` : ""}`)}
      </dl>`,
  );
};

export const howPreview = (): TemplateResult =>
  how(
    "the preview",
    html`<p>
      The cut is computed from the weights alone, without data, training or timing. Methods that look at images may cut
      elsewhere; the counts hold for all of them.
    </p>`,
  );

// Files of networks: what they are called when they are saved, and reading one that the visitor opens.

import { isFailure } from "./client.js";
import { methodOfRecord } from "./select.js";
import type { Catalog, Failure, FormatRow, RunRecord } from "./types.js";
import { Late, within } from "./wait.js";

/** "resnet8-global-magnitude-90-1f2e3d4c.onnx": no two runs have the same name, unless they have the same weights. */
export function fileName(catalog: Catalog | undefined, record: RunRecord, { suffix }: Pick<FormatRow, "suffix">): string {
  const digest = record.digest.slice(0, 8);
  if (record.job === "baseline") return `${record.model}-dense-${digest}${suffix}`;
  const method = methodOfRecord(catalog, record)?.id ?? "own-recipe";
  const share = +(Number(record.recipe.sparsity) * 100).toFixed(2);
  const name = [record.model, method, ...(Number.isFinite(share) ? [share] : []), digest].join("-");
  return name.replace(/[^\w.-]+/g, "-") + suffix;
}

/** No network of this page is as large. */
const MOST = 256e6;

/** The bytes of a file that was chosen or dropped. */
export async function contents(file: File): Promise<Uint8Array> {
  const failure = (message: string, hint: string): Failure => ({ kind: "load", message: `${file.name} ${message}.`, hint });
  if (file.size > MOST) throw failure("is larger than any network of this page", "Open a file that was saved here.");
  try {
    return new Uint8Array(await within(file.arrayBuffer()));
  } catch (error) {
    const why = error instanceof Late ? "the browser did not answer" : error instanceof Error ? error.message : String(error);
    throw failure(`could not be read: ${why}`, "Check that it is a file and is still there, then open it again.");
  }
}

/** Puts the name of a file in front of what was wrong with it. */
export const naming =
  (name: string) =>
  (error: unknown): never => {
    throw isFailure(error) && error.kind !== "cancelled" ? { ...error, message: `${name}: ${error.message}` } : error;
  };

/** Lets files be dropped, and nothing else. */
export function dragged(event: DragEvent): void {
  if (event.dataTransfer?.types.includes("Files")) event.preventDefault();
}

/** Opens the file that was dropped; of several the first that could be one of weights. */
export function dropped(event: DragEvent, open: (file: File) => void): void {
  const files = [...(event.dataTransfer?.files ?? [])];
  if (!files.length) return;
  event.preventDefault();
  open(files.find(({ name }) => /\.safetensors$/i.test(name)) ?? files[0]!);
}

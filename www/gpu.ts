// Whether this browser has a GPU for us, and if not, why.

import { Late, within } from "./wait.js";

/** The page waits for this before it loads an engine, so it waits less than elsewhere; in milliseconds. */
const ADAPTER_MS = 2000;

/** A GPU by name, or why there is none: no WebGPU at all, no adapter when asked, or no answer. */
export type Accelerator = { name: string } | { none: "absent" | "refused" | "silent" };

interface WebGpu {
  requestAdapter(options?: { powerPreference: "high-performance" }): Promise<Adapter | null>;
}

interface Adapter {
  info?: { vendor?: string; architecture?: string; description?: string };
}

export async function accelerator(): Promise<Accelerator> {
  const { gpu } = navigator as { gpu?: WebGpu };
  if (!gpu) return { none: "absent" };
  try {
    const asked = gpu.requestAdapter({ powerPreference: "high-performance" }).catch(() => null);
    // A browser that has just lost its GPU says no once and yes thereafter.
    const found = await within(
      asked.then((adapter) => adapter ?? gpu.requestAdapter()),
      ADAPTER_MS,
    );
    if (!found) return { none: "refused" };
    const { vendor = "", architecture = "", description = "" } = found.info ?? {};
    return { name: description || `${vendor} ${architecture}`.trim() || "unnamed" };
  } catch (error) {
    return { none: error instanceof Late ? "silent" : "refused" };
  }
}

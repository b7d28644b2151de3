// Whether this browser has a GPU for us.

/** How long a browser may take to answer, in milliseconds: the page must not wait for a GPU that does not come. */
const PATIENCE = 2000;

interface WebGpu {
  requestAdapter(options: { powerPreference: "high-performance" }): Promise<Adapter | null>;
}

interface Adapter {
  info?: { vendor?: string; architecture?: string; description?: string };
}

/** The name of the GPU that WebGPU gives here, if it gives one. */
export async function accelerator(): Promise<string | undefined> {
  const { gpu } = navigator as { gpu?: WebGpu };
  if (!gpu) return undefined;
  const late = new Promise<null>((go) => setTimeout(() => go(null), PATIENCE));
  const adapter = gpu.requestAdapter({ powerPreference: "high-performance" }).catch(() => null);
  const found = await Promise.race([adapter, late]);
  if (!found) return undefined;
  const { vendor = "", architecture = "", description = "" } = found.info ?? {};
  return description || `${vendor} ${architecture}`.trim() || "unnamed";
}

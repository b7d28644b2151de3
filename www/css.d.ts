// The wasm engine: the build turns this name into the file beside the page's scripts.
declare module "secateur-engine" {
  import type { Catalog, Lab as Engine } from "./types";
  export default function init(options?: unknown): Promise<unknown>;
  export function catalog(): Catalog;
  export const Lab: new () => Engine;
}
declare module "*.css" {
  const text: string;
  export default text;
}

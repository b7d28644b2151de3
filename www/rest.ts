// An engine comes in two files: what opens and times a network, and the rest, which a page fetches once it is needed.

import { fetchWasm, type Heard } from "./load.js";
import type { Failure } from "./types.js";

/** Joins an engine's rest to what its first file exports; the two must be of one build. */
export function join(rest: WebAssembly.Module, first: WebAssembly.Exports): void {
  try {
    new WebAssembly.Instance(rest, { first });
  } catch (error) {
    if (!(error instanceof WebAssembly.LinkError)) throw error;
    const failure: Failure = {
      kind: "load",
      message: "The engine's two files are of different versions of this page.",
      hint: "Reload the page; if that does not help, empty the browser's cache for it.",
    };
    throw failure;
  }
}

/**
 * Gives a function that fetches an engine's rest and joins it to what the first file exports; asked again, it answers with what
 * has come, and after a failure it tries once more. Where the engine needs a function of the rest before anybody asked, it is
 * fetched while the engine waits.
 */
export function rest(url: URL, first: WebAssembly.Exports, heard: Heard): () => Promise<WebAssembly.Module> {
  let here: WebAssembly.Module | undefined;
  let coming: Promise<WebAssembly.Module> | undefined;
  const joined = (module: WebAssembly.Module): WebAssembly.Module => {
    if (!here) join(module, first);
    return (here ??= module);
  };
  Object.assign(globalThis, { secateurRest: () => void joined(new WebAssembly.Module(now(url))) });
  return () => {
    if (here) return Promise.resolve(here);
    if (!coming) {
      coming = WebAssembly.compileStreaming(fetchWasm(url, heard)).then(joined);
      coming.catch(() => (coming = undefined));
    }
    return coming;
  };
}

/** A file's bytes, while all else in this worker stands still. */
function now(url: URL): ArrayBuffer {
  const request = new XMLHttpRequest();
  request.open("GET", url, false);
  request.responseType = "arraybuffer";
  request.send();
  if (request.status !== 200) throw new Error(`${url.pathname.split("/").at(-1)} could not be loaded: the server answered ${request.status}.`);
  return request.response as ArrayBuffer;
}

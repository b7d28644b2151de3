// Files beside the page, fetched in the worker. Each tells how far it is, and a server that falls silent is given up.

import type { Card, Failure } from "./types.js";
import { Late, PATIENCE_MS, within } from "./wait.js";

/** Bytes of a file that have come; the total is 0 where the server does not say. */
export type Heard = (file: string, done: number, total: number) => void;

/** A request that is not answered is made once more: connections get lost. */
const TRIES = 2;

const failure = (message: string, hint: string): Failure => ({ kind: "load", message, hint });

const nameOf = (url: URL): string => url.pathname.split("/").slice(-2).join("/");

function lost(url: URL, why: string): Failure {
  const hint = navigator.onLine
    ? "Check the connection and that the page's files are complete, then try again."
    : "This device is offline. Try again when it is connected.";
  return failure(`${nameOf(url)} could not be loaded: ${why}.`, hint);
}

/** A file's answer, whose body fails once nothing more comes. */
export async function request(url: URL, heard: Heard = () => {}): Promise<Response> {
  for (let left = TRIES; ; left--) {
    const abort = new AbortController();
    try {
      const response = await within(fetch(url, { signal: abort.signal }));
      if (!response.ok) {
        const hint = "Check that the page's files are complete, then try again.";
        throw failure(`${nameOf(url)} could not be loaded: the server answered ${response.status}.`, hint);
      }
      return watched(url, response, abort, heard);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      abort.abort();
      if (!(error instanceof Late)) throw lost(url, "the server did not answer");
      if (left === 1) throw lost(url, `no answer came in ${(TRIES * PATIENCE_MS) / 1000} seconds`);
    }
  }
}

function watched(url: URL, response: Response, abort: AbortController, heard: Heard): Response {
  if (!response.body) return response;
  const reader = response.body.getReader();
  const packed = response.headers.has("content-encoding");
  const total = packed ? 0 : Number(response.headers.get("content-length") ?? 0);
  let done = 0;
  const body = new ReadableStream<Uint8Array>({
    async pull(out) {
      try {
        const part = await within(reader.read());
        if (part.done) return out.close();
        done += part.value.byteLength;
        heard(nameOf(url), done, total);
        out.enqueue(part.value);
      } catch (error) {
        abort.abort();
        const why = error instanceof Late ? `nothing more came for ${PATIENCE_MS / 1000} seconds` : "the connection was lost";
        out.error(lost(url, why));
      }
    },
    cancel: () => abort.abort(),
  });
  return new Response(body, { headers: { "content-type": response.headers.get("content-type") ?? "" } });
}

/** A file's bytes, as they come. */
export async function fetchBytes(url: URL, heard?: Heard): Promise<Uint8Array> {
  return new Uint8Array(await (await request(url, heard)).arrayBuffer());
}

/** A card is a help: where there is none the page does without. */
export async function fetchCard(url: URL): Promise<Card | undefined> {
  try {
    return (await (await request(url)).json()) as Card;
  } catch {
    return undefined;
  }
}

/** A file of WebAssembly, under its own type: some servers do not know it, and browsers then compile it more slowly. */
export async function fetchWasm(url: URL, heard?: Heard): Promise<Response> {
  return new Response((await request(url, heard)).body, { headers: { "content-type": "application/wasm" } });
}

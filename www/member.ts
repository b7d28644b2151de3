// A member of the engine's team: gets the engine and its memory, and works until the page ends it.

import { join } from "./rest.js";
import type { Shared, Threaded } from "./team.js";

addEventListener(
  "message",
  async ({ data }: MessageEvent<Shared>) => {
    const engine = (await import(data.script)) as Threaded;
    join(data.rest, await engine.default({ module_or_path: data.module, memory: data.memory }));
    engine.joinTeam();
  },
  { once: true },
);

// The worker: the wasm engine, served to the page.

import init, { catalog, Lab } from "secateur-engine";
import { serve } from "./serve.js";

serve(
  async () => {
    await init();
    return { catalog, Lab };
  },
  new URL("../assets/", import.meta.url),
);

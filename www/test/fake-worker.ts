// The worker of the tests without the engine: everything but the wasm.

import { serve } from "../serve.js";
import { fakeEngine } from "./fake-lab.js";

serve(async () => ({ engine: fakeEngine, gpu: { none: "absent" } }), new URL("../assets/", import.meta.url));

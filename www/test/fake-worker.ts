// The worker of the tests without the engine: everything but the wasm.

import { serve } from "../serve.js";
import { fakeEngine } from "./fake-lab.js";

serve(async () => fakeEngine, new URL("../assets/", import.meta.url));

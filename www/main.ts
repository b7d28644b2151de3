// Defines the element. Loading this twice does no harm.

import { define } from "./elements/define.js";
import { SecateurLab } from "./lab.js";

define("secateur-lab", SecateurLab);

// The element's style, as sheets that need no permission from the page around it.

import { unsafeCSS, type CSSResult } from "lit";
import base from "./base.css";
import controls from "./controls.css";
import figures from "./figures.css";
import forced from "./forced.css";
import lab from "./lab.css";
import pages from "./pages.css";
import survey from "./survey.css";
import touch from "./touch.css";

export const sheets: CSSResult[] = [base, controls, lab, figures, pages, survey, touch, forced].map((text) => unsafeCSS(text));

// Single styles of an element, set one by one: a style attribute would need a permission that strict hosts do not give.

import { noChange } from "lit";
import { Directive, directive, type ElementPart } from "lit/directive.js";

type Styles = Record<string, string>;

class Styled extends Directive {
  override render(_styles: Styles): symbol {
    return noChange;
  }

  override update(part: ElementPart, [styles]: [Styles]): symbol {
    const { style } = part.element as HTMLElement;
    for (const [name, value] of Object.entries(styles)) style.setProperty(name, value);
    return noChange;
  }
}

/** Stands where an attribute would: `<i ${styled({ width: "40%" })}></i>`. An empty value takes a style away. */
export const styled = directive(Styled);

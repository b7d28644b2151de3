// Light, dark, or as the system has it; remembered where the browser lets it be.

import { folder } from "./folder.js";
import type { Theme } from "./state.js";

/** The name that all copies of a host shared; what it says holds until this copy has a choice of its own. */
const SHARED = "secateur-theme";
const key = (): string => `${SHARED} ${folder()}`;

export function rememberedTheme(): Theme | undefined {
  try {
    const theme = localStorage.getItem(key()) ?? localStorage.getItem(SHARED);
    return theme === "light" || theme === "dark" ? theme : undefined;
  } catch {
    return undefined;
  }
}

export function dress(element: Element, theme: Theme): void {
  document.documentElement.style.colorScheme = theme === "auto" ? "light dark" : theme;
  element.toggleAttribute("data-light", theme === "light");
  element.toggleAttribute("data-dark", theme === "dark");
  try {
    localStorage.setItem(key(), theme);
  } catch {
    // no storage, no memory of the theme
  }
}

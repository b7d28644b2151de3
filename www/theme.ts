// Light, dark, or as the system has it; remembered where the browser lets it be.

import type { Theme } from "./store.js";

const KEY = "secateur-theme";

export function rememberedTheme(): Theme | undefined {
  try {
    const theme = localStorage.getItem(KEY);
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
    localStorage.setItem(KEY, theme);
  } catch {
    // no storage, no memory of the theme
  }
}

// Copying text, where the browser allows it.

import { within } from "./wait.js";

/** Whether the text is on the clipboard now. Pages on plain http have none, and a visitor may say no, or nothing. */
export async function copy(text: string): Promise<boolean> {
  try {
    await within(navigator.clipboard.writeText(text));
    return true;
  } catch {
    return false;
  }
}

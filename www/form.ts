// What a change in the form makes of the settings; pure, a part of the store.

import { currentMethod } from "./select.js";
import type { State } from "./state.js";
import type { Settings } from "./types.js";

/**
 * One key changed. A part's parameters go when another part takes its place; a model brings its data. A change to an axis
 * is a change to the method in force, which is named from then on: one can go back to it.
 */
export function withSetting(state: State, key: string, value: string | undefined): Settings {
  const settings = { ...state.settings };
  const method = currentMethod(state);
  if (method && state.catalog?.axes.some(({ id }) => id === key.split(".")[0])) settings.method = method.id;
  if (value === undefined) delete settings[key];
  else settings[key] = value;
  if (state.catalog?.axes.some((axis) => axis.id === key)) dropParams(settings, key);
  if (key === "model") delete settings.data;
  return settings;
}

function dropParams(settings: Settings, axis: string): void {
  for (const key of Object.keys(settings)) if (key.startsWith(`${axis}.`)) delete settings[key];
}

/** A method fills the axes: earlier choices on them would silently change what it is. */
export function withMethod(state: State, id: string): Settings {
  const settings: Settings = { ...state.settings, method: id };
  for (const axis of state.catalog?.axes ?? []) {
    delete settings[axis.id];
    dropParams(settings, axis.id);
  }
  return settings;
}

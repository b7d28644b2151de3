// Where this copy of the page lies. What it keeps in the browser is named after it: a host may have several copies.

/** The path of the folder that holds js/, which holds this script. */
export const folder = (): string => new URL("..", import.meta.url).pathname;

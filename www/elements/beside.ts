// Where a popover opens: below the button that it belongs to, or above it where there is more room, and inside the window.

const WIDTH = 340;
const EDGE = 12;
const GAP = 6;

export function beside(event: ToggleEvent): void {
  if (event.newState !== "open") return;
  const pop = event.currentTarget as HTMLElement;
  const box = pop.parentElement!.querySelector("button")!.getBoundingClientRect();
  const width = Math.min(WIDTH, innerWidth - 2 * EDGE);
  pop.style.width = `${width}px`;
  pop.style.left = `${Math.max(EDGE, Math.min(box.left, innerWidth - width - EDGE))}px`;
  const below = box.bottom < innerHeight * 0.6;
  pop.style.top = below ? `${box.bottom + GAP}px` : "auto";
  pop.style.bottom = below ? "auto" : `${innerHeight - box.top + GAP}px`;
}

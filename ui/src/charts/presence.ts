// When a device was there, as bars on a line.

import type { Span } from "../api/history.ts";
import type { Colours } from "./colours.ts";
import type { Place } from "./painter.ts";

/** The height of a bar, in pixels of the page. */
const THICK = 8;

export function paintPresence(canvas: CanvasRenderingContext2D, spans: readonly Span[], place: Place, colours: Colours): void {
  const middle = place.top + place.height / 2;
  canvas.save();
  canvas.beginPath();
  canvas.rect(place.left, place.top, place.width, place.height);
  canvas.clip();
  canvas.fillStyle = colours.line;
  canvas.fillRect(place.left, middle, place.width, place.ratio);
  canvas.fillStyle = colours.accent;
  for (const { from, to } of spans) {
    const left = place.x(from);
    canvas.fillRect(left, middle - (THICK / 2) * place.ratio, Math.max(2 * place.ratio, place.x(to) - left), THICK * place.ratio);
  }
  canvas.restore();
}

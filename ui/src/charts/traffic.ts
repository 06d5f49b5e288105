// Traffic as areas, down above the line and up below it, one on another.

import { type Colours, faded } from "./colours.ts";
import type { Place } from "./painter.ts";

type Values = readonly (number | null)[];

/** One link's or device's rates, in bits a second. */
export interface Flow {
  name: string;
  down: Values;
  up: Values;
}

export interface Flows {
  time: readonly number[];
  step: number;
  flows: readonly Flow[];
}

/** The highest sums of both directions. */
export function peaks({ time, flows }: Flows): { down: number; up: number } {
  const most = (of: (flow: Flow) => Values): number =>
    time.reduce((peak, _, at) => Math.max(peak, flows.reduce((sum, flow) => sum + (of(flow)[at] ?? 0), 0)), 0);
  return { down: most((flow) => flow.down), up: most((flow) => flow.up) };
}

export function paintTraffic(canvas: CanvasRenderingContext2D, shown: Flows, place: Place, colours: Colours): void {
  canvas.save();
  canvas.beginPath();
  canvas.rect(place.left, place.top, place.width, place.height);
  canvas.clip();
  for (const sign of [1, -1]) {
    let ground: number[] = shown.time.map(() => 0);
    shown.flows.forEach((flow, of) => {
      const values = sign > 0 ? flow.down : flow.up;
      const top = ground.map((below, at) => below + sign * (values[at] ?? 0));
      area(canvas, shown, ground, top, place, colours.series[of % colours.series.length] ?? colours.accent, sign);
      ground = top;
    });
  }
  canvas.fillStyle = colours.line;
  canvas.fillRect(place.left, Math.round(place.y(0)), place.width, place.ratio);
  canvas.restore();
}

function area(canvas: CanvasRenderingContext2D, { time, step }: Flows, low: number[], high: number[], place: Place, colour: string, sign: number): void {
  canvas.fillStyle = faded(colour, sign > 0 ? 0.78 : 0.5);
  canvas.beginPath();
  time.forEach((at, column) => {
    const [from, to] = [place.y(low[column] ?? 0), place.y(high[column] ?? 0)];
    if (from === to) return;
    const left = Math.round(place.x(at));
    const right = Math.max(left + 1, Math.round(place.x(at + step)));
    canvas.rect(left, Math.min(from, to), right - left, Math.abs(to - from));
  });
  canvas.fill();
}

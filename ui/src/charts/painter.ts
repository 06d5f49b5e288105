// The smoke: one column a pixel, spread as bands, the median coloured by loss, gaps hatched, loss as ticks at the foot.

import type { Columns, Gap, Mark, Span } from "../api/history.ts";
import { gap as gapWord } from "../words/graphs.ts";
import { type Colours, faded } from "./colours.ts";
import { grade, tick } from "./loss.ts";

/** Where to paint, in pixels of the canvas, and how times and milliseconds become places. */
export interface Place {
  left: number;
  top: number;
  width: number;
  height: number;
  /** Device pixels in one of the page. */
  ratio: number;
  x: (time: number) => number;
  y: (milliseconds: number) => number;
}

/** What is painted. */
export interface Smoke {
  columns: Columns;
  step: number;
  gaps: readonly Gap[];
  sitsOut: readonly Span[];
  marks: readonly Pick<Mark, "time" | "enabled">[];
}

const EXTREMES = 0.13;
const QUARTILES = 0.3;
/** A year has many switches, and they must not hide it. */
const MARK = 0.7;
/** The highest tick of loss, as a share of the height. */
const TICK = 0.22;

export function paint(canvas: CanvasRenderingContext2D, smoke: Smoke, place: Place, colours: Colours): void {
  canvas.save();
  canvas.beginPath();
  canvas.rect(place.left, place.top, place.width, place.height);
  canvas.clip();
  const { columns } = smoke;
  for (const gap of smoke.gaps) hatch(canvas, gap, place, colours);
  for (const span of smoke.sitsOut) wash(canvas, span, place, colours);
  band(canvas, smoke, columns.min, columns.max, place, faded(colours.ink, EXTREMES));
  band(canvas, smoke, columns.q1, columns.q3, place, faded(colours.accent, QUARTILES));
  ticks(canvas, smoke, place, colours);
  medians(canvas, smoke, place, colours);
  for (const span of smoke.sitsOut) underline(canvas, span, place, colours);
  for (const mark of smoke.marks) hairline(canvas, mark.time, place, faded(mark.enabled ? colours.faint : colours.amber, MARK));
  canvas.restore();
}

type Values = (number | null)[];

/** The left and right edge of a column; at least a pixel. */
function edges(time: number, step: number, place: Place): [number, number] {
  const left = place.x(time);
  return [left, Math.max(left + place.ratio, place.x(time + step))];
}

function band(canvas: CanvasRenderingContext2D, smoke: Smoke, low: Values, high: Values, place: Place, fill: string): void {
  canvas.fillStyle = fill;
  canvas.beginPath();
  smoke.columns.time.forEach((time, at) => {
    const [bottom, top] = [low[at], high[at]];
    if (typeof bottom !== "number" || typeof top !== "number") return;
    const [left, right] = edges(time, smoke.step, place);
    const [from, to] = [place.y(top), place.y(bottom)];
    canvas.rect(left, from, right - left, Math.max(place.ratio, to - from));
  });
  canvas.fill();
}

/** One path a grade: a colour is set six times and not once a column. */
function medians(canvas: CanvasRenderingContext2D, smoke: Smoke, place: Place, colours: Colours): void {
  const { time, median, asked, lost } = smoke.columns;
  canvas.lineWidth = 1.75 * place.ratio;
  canvas.lineJoin = "round";
  canvas.lineCap = "round";
  for (let of = 0; of < colours.loss.length; of += 1) {
    canvas.strokeStyle = colours.loss[of] ?? colours.accent;
    canvas.beginPath();
    median.forEach((value, at) => {
      if (typeof value !== "number" || grade(asked[at] ?? 0, lost[at] ?? 0) !== of) return;
      const [left, right] = edges(time[at] ?? 0, smoke.step, place);
      const before = at > 0 ? median[at - 1] : null;
      if (typeof before === "number") {
        canvas.moveTo(left, place.y(before));
        canvas.lineTo(left, place.y(value));
      } else canvas.moveTo(left, place.y(value));
      canvas.lineTo(right, place.y(value));
    });
    canvas.stroke();
  }
}

function ticks(canvas: CanvasRenderingContext2D, smoke: Smoke, place: Place, colours: Colours): void {
  const { time, asked, lost } = smoke.columns;
  const foot = place.top + place.height;
  time.forEach((at, column) => {
    const [many, gone] = [asked[column] ?? 0, lost[column] ?? 0];
    if (gone === 0) return;
    const [left, right] = edges(at, smoke.step, place);
    const height = Math.max(3 * place.ratio, tick(many, gone) * TICK * place.height);
    canvas.fillStyle = colours.loss[grade(many, gone)] ?? colours.accent;
    canvas.fillRect(left, foot - height, right - left, height);
  });
}

/** A gap is no line and no loss: hatched, and named where there is room. */
function hatch(canvas: CanvasRenderingContext2D, gap: Gap, place: Place, colours: Colours): void {
  const [left, right] = [place.x(gap.from), Math.max(place.x(gap.to), place.x(gap.from) + 2 * place.ratio)];
  const pitch = 6 * place.ratio;
  canvas.save();
  canvas.beginPath();
  canvas.rect(left, place.top, right - left, place.height);
  canvas.clip();
  canvas.fillStyle = faded(colours.faint, 0.07);
  canvas.fillRect(left, place.top, right - left, place.height);
  canvas.strokeStyle = faded(colours.faint, 0.38);
  canvas.lineWidth = place.ratio;
  canvas.beginPath();
  const start = Math.floor((left - place.height) / pitch) * pitch;
  for (let at = start; at < right; at += pitch) {
    canvas.moveTo(at, place.top + place.height);
    canvas.lineTo(at + place.height, place.top);
  }
  canvas.stroke();
  named(canvas, gapWord(gap), (left + right) / 2, right - left, place, colours);
  canvas.restore();
}

function named(canvas: CanvasRenderingContext2D, word: string, middle: number, room: number, place: Place, colours: Colours): void {
  canvas.font = `${11 * place.ratio}px system-ui, sans-serif`;
  const width = canvas.measureText(word).width + 12 * place.ratio;
  if (room < width) return;
  const height = 18 * place.ratio;
  const top = place.top + (place.height - height) / 2;
  canvas.fillStyle = colours.paper;
  canvas.fillRect(middle - width / 2, top, width, height);
  canvas.fillStyle = colours.faint;
  canvas.textAlign = "center";
  canvas.textBaseline = "middle";
  canvas.fillText(word, middle, top + height / 2);
}

function wash(canvas: CanvasRenderingContext2D, span: Span, place: Place, colours: Colours): void {
  canvas.fillStyle = faded(colours.amber, 0.1);
  const left = place.x(span.from);
  canvas.fillRect(left, place.top, Math.max(place.ratio, place.x(span.to) - left), place.height);
}

function underline(canvas: CanvasRenderingContext2D, span: Span, place: Place, colours: Colours): void {
  const [left, thick] = [place.x(span.from), 3 * place.ratio];
  canvas.fillStyle = colours.amber;
  canvas.fillRect(left, place.top + place.height - thick, Math.max(2 * place.ratio, place.x(span.to) - left), thick);
}

function hairline(canvas: CanvasRenderingContext2D, time: number, place: Place, colour: string): void {
  const x = Math.round(place.x(time)) + 0.5;
  canvas.strokeStyle = colour;
  canvas.lineWidth = place.ratio;
  canvas.beginPath();
  canvas.moveTo(x, place.top);
  canvas.lineTo(x, place.top + place.height);
  canvas.stroke();
}

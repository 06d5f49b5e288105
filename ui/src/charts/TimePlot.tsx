// A plot over time: uPlot keeps the scales, axes, the shared cursor and the drag; what is seen is painted by whoever uses it.

import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { useCell } from "../live/cell.ts";
import { labels, splits } from "./axis.ts";
import { type Colours, colours, theme } from "./colours.ts";
import { type Keyed, keyed } from "./keyboard.ts";
import type { Place } from "./painter.ts";

export interface PlotProps {
  from: number;
  to: number;
  /** The beginnings of the columns: where the cursor may stand. */
  time: readonly number[];
  low?: number;
  high: number;
  height: number;
  /** Whether times stand below. */
  timed: boolean;
  /** Labels of the scale. */
  unit: (value: number) => string;
  /** What it shows, in a sentence. */
  label: string;
  paint: (canvas: CanvasRenderingContext2D, place: Place, colours: Colours) => void;
  /** What stands in a column; null when the cursor leaves. */
  read: (column: number | null) => void;
  zoom?: (range: { from: number; to: number }) => void;
  /** A column was clicked, or Enter pressed on it. */
  pick?: (time: number) => void;
  /** A key that changes the range. */
  press?: (key: Keyed, at: number | null) => void;
}

/** Width of the scale at the left: equal for all, so that times stand below each other. */
export const SCALE = 64;
/** Half of what a label of a time is wide, in pixels. */
const HALF_LABEL = 18;
const FONT = "11px system-ui, sans-serif";

export function TimePlot(props: PlotProps) {
  const frame = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const newest = useRef(props);
  newest.current = props;
  const shade = useCell(theme);

  useEffect(() => {
    const home = frame.current;
    if (!home) return;
    const made = make(home, newest);
    plot.current = made;
    const resized = new ResizeObserver(() => made.setSize({ width: home.clientWidth, height: newest.current.height }));
    resized.observe(home);
    return () => {
      resized.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [props.timed, props.height]);

  useEffect(() => {
    plot.current?.setData(data(props));
  }, [props.time, props.from, props.to, props.low, props.high, props.paint, shade]);

  const press = (event: KeyboardEvent): void => {
    const key = keyed(event);
    const made = plot.current;
    if (!key || !made) return;
    event.preventDefault();
    const at = made.cursor.idx ?? null;
    if (key.kind === "move") step(made, props.time, at, key.by);
    else if (key.kind === "pick") at !== null && props.pick?.(props.time[at] ?? props.from);
    else if (key.kind === "leave") made.setCursor({ left: -10, top: -10 });
    else props.press?.(key, at === null ? null : (props.time[at] ?? null));
  };
  return (
    <div class="plot" ref={frame} tabIndex={0} role="group" aria-roledescription="graph" aria-label={props.label} onKeyDown={press} />
  );
}

/** Only the times matter: the second series is never drawn, for uPlot wants one. */
const data = (props: PlotProps): uPlot.AlignedData => [props.time as number[], props.time.map(() => 0)];

function make(home: HTMLElement, newest: { current: PlotProps }): uPlot {
  const start = newest.current;
  const faint = (): string => colours().faint;
  const grid = { stroke: () => colours().line, width: 1 };
  let pressed: number | null = null;
  const made = new uPlot(
    {
      width: home.clientWidth,
      height: start.height,
      padding: [8, 1, start.timed ? 0 : 6, 0],
      legend: { show: false },
      scales: {
        x: { range: () => [newest.current.from, newest.current.to] },
        y: { range: () => [newest.current.low ?? 0, newest.current.high] },
      },
      axes: [
        {
          stroke: faint,
          grid,
          ticks: { show: false },
          font: FONT,
          size: start.timed ? 24 : 0,
          gap: 6,
          splits: (self, _axis, from, to) => splits(from, to, self.bbox.width / devicePixelRatio),
          values: (self, ticks) => (start.timed ? whole(self, ticks) : ticks.map(() => "")),
        },
        {
          stroke: faint,
          grid,
          ticks: { show: false },
          font: FONT,
          size: SCALE,
          gap: 8,
          space: 24,
          values: (_, ticks) => ticks.map((tick) => newest.current.unit(tick)),
        },
      ],
      series: [{}, { paths: () => null, points: { show: false } }],
      cursor: {
        y: false,
        points: { show: false },
        drag: { x: true, y: false, setScale: false },
        sync: { key: "time", scales: ["x", null] },
      },
      hooks: {
        draw: [(self) => newest.current.paint(self.ctx, place(self), colours())],
        setCursor: [(self) => newest.current.read(self.cursor.idx ?? null)],
        setSelect: [(self) => pressed !== null && select(self, newest.current)],
      },
    },
    data(start),
    home,
  );
  made.over.addEventListener("mousedown", (event) => (pressed = event.clientX));
  made.over.addEventListener("click", (event) => {
    const still = pressed !== null && Math.abs(event.clientX - pressed) < 4;
    pressed = null;
    const at = made.cursor.idx;
    if (still && typeof at === "number") newest.current.pick?.(newest.current.time[at] ?? newest.current.from);
  });
  return made;
}

/** The labels of a time axis, but for one that would not fit at the end. */
function whole(self: uPlot, ticks: number[]): string[] {
  const last = self.over.clientWidth - HALF_LABEL;
  return labels(ticks).map((label, at) => (self.valToPos(ticks[at] ?? 0, "x") > last ? "" : label));
}

/** A drag has ended: its span, unless it was hardly one. The other plots take part in a drag, only its own answers. */
function select(self: uPlot, props: PlotProps): void {
  const { left, width } = self.select;
  if (width < 4) return;
  const range = { from: self.posToVal(left, "x"), to: self.posToVal(left + width, "x") };
  self.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  props.zoom?.(range);
}

/** uPlot tells the plots that share its cursor when a third argument says so; its types do not know of it. */
type Shared = { setCursor(at: { left: number; top: number }, tell: boolean, share: boolean): void };

function step(self: uPlot, time: readonly number[], at: number | null, by: number): void {
  const next = Math.min(Math.max((at ?? (by > 0 ? -1 : time.length)) + by, 0), time.length - 1);
  const there = time[next];
  if (there !== undefined) (self as Shared).setCursor({ left: self.valToPos(there, "x"), top: self.over.clientHeight / 2 }, true, true);
}

function place(self: uPlot): Place {
  const { left, top, width, height } = self.bbox;
  return {
    left,
    top,
    width,
    height,
    ratio: devicePixelRatio,
    x: (time) => self.valToPos(time, "x", true),
    y: (value) => self.valToPos(value, "y", true),
  };
}

// One strip of smoke with its name, what it says at the cursor, and its times.

import { useCallback, useMemo, useRef } from "preact/hooks";
import type { ComponentChildren } from "preact";
import type { History } from "../api/history.ts";
import { scale } from "../words/amount.ts";
import { column, summary } from "../words/graphs.ts";
import { ceiling, stepOf } from "./bins.ts";
import type { Colours } from "./colours.ts";
import { paint, type Place } from "./painter.ts";
import { TimePlot } from "./TimePlot.tsx";
import type { Ranged } from "./ranged.ts";

interface Props {
  history: History;
  /** What stands before the numbers. */
  name: ComponentChildren;
  /** What stands in the place of the numbers while the cursor is elsewhere. */
  said?: string;
  height: number;
  timed: boolean;
  ranged: Ranged;
  pick?: (time: number) => void;
}

export function Smoke({ history, name, said = "", height, timed, ranged, pick }: Props) {
  const readout = useRef<HTMLSpanElement>(null);
  const { columns } = history;
  const high = useMemo(() => ceiling(columns), [columns]);
  const smoke = useMemo(
    () => ({ columns, step: stepOf(columns, history.step), gaps: history.gaps, sitsOut: history.sits_out, marks: history.marks }),
    [history],
  );
  const draw = useCallback(
    (canvas: CanvasRenderingContext2D, place: Place, colours: Colours) => paint(canvas, smoke, place, colours),
    [smoke],
  );
  const read = (at: number | null): void => {
    if (readout.current) readout.current.textContent = at === null ? said : column(columns, at, Date.now());
  };
  return (
    <div class="strip">
      <p class="strip-head">
        <span class="strip-name">{name}</span>
        <span class="readout" ref={readout} aria-live="polite">
          {said}
        </span>
      </p>
      <TimePlot
        from={ranged.range.from}
        to={ranged.range.to}
        time={columns.time}
        high={high}
        height={height}
        timed={timed}
        unit={scale}
        label={summary(history)}
        paint={draw}
        read={read}
        zoom={ranged.zoom}
        press={ranged.press}
        {...(pick ? { pick } : {})}
      />
    </div>
  );
}

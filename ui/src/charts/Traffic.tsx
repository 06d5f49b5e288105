// A graph of traffic: down above, up below, each link in its colour.

import { useCallback, useMemo, useRef } from "preact/hooks";
import { bits } from "../words/amount.ts";
import { flow } from "../words/graphs.ts";
import { brief } from "../words/time.ts";
import type { Colours } from "./colours.ts";
import type { Place } from "./painter.ts";
import type { Ranged } from "./ranged.ts";
import { TimePlot } from "./TimePlot.tsx";
import { type Flows, paintTraffic, peaks } from "./traffic.ts";

export function Traffic({ shown, label, height, timed, ranged }: { shown: Flows; label: string; height: number; timed: boolean; ranged: Ranged }) {
  const readout = useRef<HTMLSpanElement>(null);
  const peak = useMemo(() => peaks(shown), [shown]);
  const draw = useCallback(
    (canvas: CanvasRenderingContext2D, place: Place, colours: Colours) => paintTraffic(canvas, shown, place, colours),
    [shown],
  );
  const read = (at: number | null): void => {
    if (readout.current) readout.current.textContent = at === null ? "" : words(shown, at);
  };
  const room = Math.max(peak.down + peak.up, 1000) * 0.06;
  return (
    <div class="strip">
      <p class="strip-head">
        <span class="strip-name faint">↓ down above, ↑ up below</span>
        <span class="readout" ref={readout} aria-live="polite" />
      </p>
      <TimePlot
        from={ranged.range.from}
        to={ranged.range.to}
        time={shown.time}
        low={-peak.up - room}
        high={peak.down + room}
        height={height}
        timed={timed}
        unit={(rate) => bits(Math.abs(rate))}
        label={label}
        paint={draw}
        read={read}
        zoom={ranged.zoom}
        press={ranged.press}
      />
    </div>
  );
}

function words({ time, flows }: Flows, at: number): string {
  const when = brief(new Date((time[at] ?? 0) * 1000), Date.now());
  const each = flows.map(({ name, down, up }) => (flows.length > 1 ? `${name} ${flow(down[at], up[at])}` : flow(down[at], up[at])));
  return [when, ...each].join(" · ");
}

// The flags of switches above the strips: each a button that tells why.

import { flag } from "../words/graphs.ts";
import { brief, exact } from "../words/time.ts";
import { SCALE } from "./TimePlot.tsx";
import { type Flagged, flags } from "./flags.ts";

interface Props {
  marks: readonly Flagged[];
  from: number;
  to: number;
  width: number;
  pick: (mark: Flagged) => void;
  /** The time whose reason is told now. */
  open: number | null;
}

/** Nearer flags are one, in pixels. */
const APART = 112;

export function Flags({ marks, from, to, width, pick, open }: Props) {
  if (width === 0) return <div class="flags" />;
  return (
    <div class="flags">
      {flags(marks, from, to, width, APART).map(({ at, marks }) => {
        const last = marks[marks.length - 1];
        if (!last) return null;
        const told = marks.map((mark) => `${flag(mark.link, mark)}, ${exact(new Date(mark.time * 1000))}`).join("\n");
        const words = marks.length > 1 ? `${marks.length} switches` : flag(last.link, last);
        return (
          <button
            type="button"
            class={`flag ${last.enabled ? "in" : "away"} ${at > 0.85 ? "left" : ""}`}
            style={{ left: `${SCALE + at * width}px` }}
            title={told}
            aria-pressed={marks.some((mark) => mark.time === open)}
            onClick={() => pick(marks.find((mark) => !mark.enabled) ?? last)}
          >
            {brief(new Date(last.time * 1000), Date.now())} {words}
          </button>
        );
      })}
    </div>
  );
}

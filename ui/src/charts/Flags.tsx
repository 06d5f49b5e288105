// The flags of switches above the strips: each a button that tells why.

import { moment } from "../route/range.ts";
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
  open: string | null;
}

/** A flag takes at most so many pixels. */
const ROOM = 148;

export function Flags({ marks, from, to, width, pick, open }: Props) {
  if (width === 0) return <div class="flags" />;
  return (
    <div class="flags">
      {flags(marks, from, to, width, ROOM).map(({ at, turned, marks }) => {
        const first = marks[0];
        if (!first) return null;
        const told = marks.map((mark) => `${flag(mark.link, mark)}, ${exact(new Date(mark.time * 1000))}`).join("\n");
        const words = marks.length > 1 ? `${marks.length} switches` : flag(first.link, first);
        return (
          <button
            type="button"
            class={`flag ${marks.every((mark) => mark.enabled) ? "in" : "away"} ${turned ? "left" : ""}`}
            style={{ left: `calc(${SCALE}px + (100% - ${SCALE + 1}px) * ${at})` }}
            title={told}
            aria-pressed={marks.some((mark) => moment(mark.time) === open)}
            onClick={() => pick(marks.find((mark) => !mark.enabled) ?? first)}
          >
            {brief(new Date(first.time * 1000), Date.now())} {words}
          </button>
        );
      })}
    </div>
  );
}

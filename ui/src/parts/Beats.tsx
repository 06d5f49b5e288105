// The last minute of a link, a bar a second: how long an answer took, and what was missing.

import { BEATS, type Beat } from "../live/beats.ts";

/** A missed beat stands as high as the tallest. */
const HEIGHT = 24;

export function Beats({ beats }: { beats: readonly Beat[] }) {
  const most = Math.max(1, ...beats.map((beat) => beat.rtt ?? 0)) * 1.15;
  const missed = beats.filter((beat) => beat.answered < 1).length;
  const label = `The last ${beats.length} seconds: ${missed === 0 ? "nothing was missed" : `${missed} with a target that did not answer`}`;
  return (
    <svg class="beats" viewBox={`0 0 ${BEATS * 4} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={label}>
      {beats.map((beat, at) => {
        const height = beat.rtt === null ? HEIGHT : Math.max(2, (beat.rtt / most) * HEIGHT);
        const x = (BEATS - beats.length + at) * 4;
        return <rect class={shade(beat)} x={x} y={HEIGHT - height} width="3" height={height} />;
      })}
    </svg>
  );
}

const shade = (beat: Beat): string => (beat.answered >= 1 ? "whole" : beat.answered > 0 ? "part" : "none");

// What the colours and bands of the smoke mean.

import { GRADES } from "./loss.ts";

export function SmokeLegend() {
  return (
    <p class="legend">
      <span class="key"><i class="swatch extremes" /> least to most</span>
      <span class="key"><i class="swatch quartiles" /> middle half</span>
      <span class="key">
        median at loss of
        {GRADES.map((word, grade) => (grade === 1 ? null : <span class="key"><i class={`swatch loss-${grade}`} /> {word}</span>))}
      </span>
      <span class="key"><i class="swatch sits-out" /> sits out</span>
      <span class="key"><i class="swatch hatched" /> not watched, no link</span>
    </p>
  );
}

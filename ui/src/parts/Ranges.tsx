// Chooses the stretch of time: the last hour to the last year, earlier, later, nearer, farther.

import { RANGES, type Last } from "../route/range.ts";
import type { Ranged } from "../charts/ranged.ts";
import { Icon, type Picture } from "./Icon.tsx";
import { brief } from "../words/time.ts";

export function Ranges({ ranged }: { ranged: Ranged }) {
  const { range, zoom, press } = ranged;
  const step = (label: string, of: Picture, key: Parameters<Ranged["press"]>[0]) => (
    <button type="button" class="bare" title={label} aria-label={label} onClick={() => press(key, null)}>
      <Icon of={of} />
    </button>
  );
  return (
    <div class="ranges">
      {range.last === null && (
        <span class="span">
          {brief(new Date(range.from * 1000), Date.now())} to {brief(new Date(range.to * 1000), Date.now())}
        </span>
      )}
      <div class="group" role="group" aria-label="Length">
        {(Object.keys(RANGES) as Last[]).map((last) => (
          <button type="button" aria-pressed={range.last === last} onClick={() => zoom(last)}>
            {last}
          </button>
        ))}
      </div>
      <div class="group steps" role="group" aria-label="Move and zoom">
        {step("Earlier", "back", { kind: "shift", share: -0.5 })}
        {step("Later", "forward", { kind: "shift", share: 0.5 })}
        {step("Nearer", "plus", { kind: "zoom", factor: 0.5 })}
        {step("Farther", "minus", { kind: "zoom", factor: 2 })}
      </div>
    </div>
  );
}

// Each day of a period as a bar: how long something was wrong, and whether anybody noticed.

import type { Noticed, Outage } from "../../api/history.ts";
import { day, span } from "../../words/time.ts";

interface Day {
  date: Date;
  seconds: number;
  worst: Noticed | null;
}

const HEIGHT = 40;
const RANK: Record<Noticed, number> = { nothing: 0, on_the_spare: 1, nothing_worked: 2 };

export function Days({ outages, days }: { outages: readonly Outage[]; days: number }) {
  const all = counted(outages, days);
  const most = Math.max(60, ...all.map((day) => day.seconds));
  const bad = all.filter((day) => day.worst !== null).length;
  const [first, last] = [all[0], all[all.length - 1]];
  return (
    <figure class="days">
      <svg viewBox={`0 0 ${days * 10} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={`${days - bad} of ${days} days without an outage`}>
        {all.map(({ date, seconds, worst }, at) => {
          const height = worst === null ? 2 : Math.max(5, Math.sqrt(seconds / most) * HEIGHT);
          const gap = days > 100 ? 2 : 1.5;
          return (
            <rect class={worst ?? "none"} x={at * 10} y={HEIGHT - height} width={10 - gap} height={height}>
              <title>{`${day(date)}: ${worst === null ? "no outage" : span(seconds)}`}</title>
            </rect>
          );
        })}
      </svg>
      <figcaption class="small faint">
        <span>{first && day(first.date)}</span>
        <span class="key"><i class="swatch nothing" /> nobody noticed</span>
        <span class="key"><i class="swatch on_the_spare" /> on the spare</span>
        <span class="key"><i class="swatch nothing_worked" /> nothing worked</span>
        <span>{last && day(last.date)}</span>
      </figcaption>
    </figure>
  );
}

/** An outage counts for the day it began. */
function counted(outages: readonly Outage[], days: number): Day[] {
  const today = new Date();
  const all = Array.from({ length: days }, (_, at): Day => {
    const date = new Date(today.getFullYear(), today.getMonth(), today.getDate() - (days - 1 - at));
    return { date, seconds: 0, worst: null };
  });
  const found = new Map(all.map((day) => [day.date.toDateString(), day]));
  for (const outage of outages) {
    const day = found.get(new Date(outage.begin).toDateString());
    if (!day) continue;
    day.seconds += outage.length_s;
    if (day.worst === null || RANK[outage.noticed] > RANK[day.worst]) day.worst = outage.noticed;
  }
  return all;
}

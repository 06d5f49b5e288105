// Who sends and receives most, now.

import type { Talker } from "../../api/status.ts";
import { useCell } from "../../live/cell.ts";
import { now } from "../../live/stream.ts";
import { Empty } from "../../parts/states.tsx";
import { Foreign } from "../../parts/text.tsx";
import { to } from "../../route/view.ts";
import { bits } from "../../words/amount.ts";
import { EMPTY } from "../../words/page.ts";

/** So many are named. */
const MOST = 6;

export function Talkers({ talkers }: { talkers: readonly Talker[] }) {
  const rates = useCell(now)?.devices;
  const shown = talkers
    .map((talker) => ({ ...talker, ...rates?.find((rate) => rate.mac === talker.mac) }))
    .sort((a, b) => total(b) - total(a))
    .slice(0, MOST);
  const most = Math.max(1, ...shown.map(total));
  return (
    <section class="card">
      <h2>Top talkers now</h2>
      {shown.length === 0 && <Empty>{EMPTY.talkers}</Empty>}
      <ol class="talkers">
        {shown.map((talker) => (
          <li key={talker.mac}>
            <a href={to("devices", talker.mac)}>
              <Foreign text={talker.name ?? talker.mac} />
            </a>
            <span class="num">↓ {bits(talker.bits_down)}</span>
            <span class="num">↑ {bits(talker.bits_up)}</span>
            <span class="bar" aria-hidden="true">
              <i style={{ width: `${(100 * talker.bits_down) / most}%` }} />
              <i class="up" style={{ width: `${(100 * talker.bits_up) / most}%` }} />
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}

const total = (talker: Talker): number => talker.bits_down + talker.bits_up;

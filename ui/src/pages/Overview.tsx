// The first page: is the Internet fine, on which link, and is anything strange in the house?

import type { Overview as Answered } from "../api/status.ts";
import { useAsked } from "../api/use.ts";
import { useRanged } from "../charts/ranged.ts";
import { useCell } from "../live/cell.ts";
import { status } from "../live/stream.ts";
import { Ranges } from "../parts/Ranges.tsx";
import { Answer, Empty } from "../parts/states.tsx";
import { EMPTY } from "../words/page.ts";
import { Fresh } from "./overview/Fresh.tsx";
import { Problems } from "./overview/Problems.tsx";
import { Talkers } from "./overview/Talkers.tsx";
import { Tile } from "./overview/Tile.tsx";
import { LinkTraffic } from "./links/LinkTraffic.tsx";
import { Strips } from "./links/Strips.tsx";
import { useHistories } from "./links/histories.ts";
import { usePlotWidth } from "../charts/width.ts";

/** How often what does not come by the stream is asked anew, in milliseconds. */
const EVERY = 15_000;

export function Overview() {
  const asked = useAsked<Answered>("overview", EVERY);
  const live = useCell(status);
  return (
    <>
      <h1 class="unseen">Overview</h1>
      <Answer asked={asked} lines={2} tall>
        {(overview) => <Seen overview={overview} status={live ?? overview.status} />}
      </Answer>
    </>
  );
}

function Seen({ overview, status }: { overview: Answered; status: Answered["status"] }) {
  const ranged = useRanged();
  const { ref, width } = usePlotWidth();
  const { histories, error } = useHistories(status.links, ranged, width);
  return (
    <>
      <Problems problems={overview.problems} />
      {status.links.length === 0 ? (
        <Empty>{EMPTY.links}</Empty>
      ) : (
        <section class="tiles" aria-label="Links">
          {status.links.map((link, at) => (
            <Tile link={link} status={status} marks={histories[at]?.marks ?? []} key={link.name} />
          ))}
        </section>
      )}
      <div ref={ref}>
        <Strips
          title="Round trips"
          links={status.links}
          histories={histories}
          ranged={ranged}
          width={width}
          height={72}
          error={error}
          tools={<Ranges ranged={ranged} />}
        />
        <LinkTraffic links={status.links} histories={histories} ranged={ranged} height={150} />
      </div>
      <div class="halves">
        <Talkers talkers={overview.talkers} />
        <Fresh devices={overview.new_devices} />
      </div>
    </>
  );
}

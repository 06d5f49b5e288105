// All links below each other, larger than on the first page, with what stands about each.

import { usePlotWidth } from "../charts/width.ts";
import { useRanged } from "../charts/ranged.ts";
import { useCell } from "../live/cell.ts";
import { status } from "../live/stream.ts";
import { Ranges } from "../parts/Ranges.tsx";
import { Empty, Waiting } from "../parts/states.tsx";
import { EMPTY } from "../words/page.ts";
import { Facts } from "./links/Facts.tsx";
import { LinkTraffic } from "./links/LinkTraffic.tsx";
import { Strips } from "./links/Strips.tsx";
import { useHistories } from "./links/histories.ts";

export function Links() {
  const links = useCell(status)?.links;
  const ranged = useRanged();
  const { ref, width } = usePlotWidth();
  const { histories, error } = useHistories(links ?? [], ranged, width);
  return (
    <>
      <div class="head">
        <h1>Links</h1>
      </div>
      <div ref={ref}>
        {links === undefined && <Waiting tall />}
        {links?.length === 0 && <Empty>{EMPTY.links}</Empty>}
        {links && links.length > 0 && (
          <>
            <Facts links={links} />
            <Strips title="Round trips" links={links} histories={histories} ranged={ranged} width={width} height={120} error={error} tools={<Ranges ranged={ranged} />} />
            <LinkTraffic links={links} histories={histories} ranged={ranged} height={200} />
          </>
        )}
      </div>
    </>
  );
}

// What was captured on a link, to take along.

import type { Link } from "../../api/status.ts";
import { part } from "../../api/client.ts";
import type { Ranged } from "../../charts/ranged.ts";
import { useCell } from "../../live/cell.ts";
import { gatewayOf, mayOrder, session } from "../../live/session.ts";
import { Download, Live } from "../../parts/Packets.tsx";
import { READ_ONLY } from "../../words/page.ts";

export function LinkPackets({ link, ranged }: { link: Link; ranged: Ranged }) {
  const known = useCell(session);
  const path = `links/${part(link.name)}/pcap`;
  return (
    <section class="card captures">
      <h2>Captures</h2>
      <p class="small">All packets that were captured on this link.</p>
      {mayOrder(known) ? <Download path={path} ranged={ranged} /> : <p class="faint small">{READ_ONLY}</p>}
      <Live path={path} of={link.name} gateway={gatewayOf(known)} />
    </section>
  );
}

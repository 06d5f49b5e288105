// One link: how it did, target by target, why it was in or out at any moment, and what to order.

import type { History, Mark } from "../api/history.ts";
import type { Family, Link as Linked, State } from "../api/status.ts";
import { useCell } from "../live/cell.ts";
import { status } from "../live/stream.ts";
import { useRanged } from "../charts/ranged.ts";
import { usePlotWidth } from "../charts/width.ts";
import { Ranges } from "../parts/Ranges.tsx";
import { Standing } from "../parts/Standing.tsx";
import { Empty, Trouble, Waiting } from "../parts/states.tsx";
import { For, Foreign } from "../parts/text.tsx";
import { moment } from "../route/range.ts";
import { look, useView } from "../route/use.ts";
import { called, predicate } from "../words/links.ts";
import { visible } from "../words/visible.ts";
import { LinkPackets } from "./links/LinkPackets.tsx";
import { LinkTraffic } from "./links/LinkTraffic.tsx";
import { Orders } from "./links/Orders.tsx";
import { OneLink } from "./links/OneLink.tsx";
import { Targets } from "./links/Targets.tsx";
import { useHistories } from "./links/histories.ts";
import { Why } from "./links/Why.tsx";

export function Link({ name }: { name: string }) {
  const known = useCell(status);
  if (known === undefined) return <Waiting tall />;
  const link = known.links.find((link) => link.name === name || link.label === name);
  if (!link) return <Empty>There is no link {visible(name)}.</Empty>;
  return <Seen link={link} links={known.links} />;
}

function Seen({ link, links }: { link: Linked; links: readonly Linked[] }) {
  const { query } = useView();
  const family: Family = query.family === "ipv6" ? "ipv6" : "ipv4";
  const state = link.families[family] ?? link;
  const ranged = useRanged();
  const { ref, width } = usePlotWidth();
  const { histories, error } = useHistories([link], ranged, width, `&family=${family}`);
  const history: History | undefined = histories[0];
  const pick = (time: number): void => look({ ...query, at: moment(time) });
  const { at, ...without } = query;
  return (
    <>
      <Head link={link} state={state} marks={history?.marks ?? []} />
      <div class="bar-row">
        <Families link={link} family={family} />
        <Ranges ranged={ranged} />
      </div>
      <div ref={ref}>
        {error !== undefined && <Trouble text={error} />}
        {!history && error === undefined && <Waiting tall />}
        {history && <OneLink link={link} history={history} ranged={ranged} width={width} open={at ?? null} pick={pick} />}
        {at !== undefined && <Why link={link} links={links} at={Number(at)} family={family} close={() => look(without)} />}
        {history && <Targets link={link} history={history} ranged={ranged} width={width} pick={pick} />}
        <LinkTraffic links={[link]} histories={[history]} ranged={ranged} height={160} />
        <LinkPackets link={link} ranged={ranged} />
      </div>
    </>
  );
}

function Head({ link, state, marks }: { link: Linked; state: State; marks: readonly Mark[] }) {
  return (
    <div class="head">
      <div>
        <h1>
          <Foreign text={called(link)} /> <Standing state={state} />
        </h1>
        <p class="lead">
          <b>
            <Foreign text={called(link)} />
          </b>
          {visible(predicate(state, Date.now(), marks))}{" "}
          <span class="faint">
            <For since={state.since} />
            {state.gateway ? `, by ${state.gateway}` : ""}.
          </span>
        </p>
      </div>
      <Orders link={link} />
    </div>
  );
}

/** Both families, where it has both. */
function Families({ link, family }: { link: Linked; family: Family }) {
  const { query } = useView();
  const both = (["ipv4", "ipv6"] as const).filter((family) => (link.families[family]?.reason.code ?? "absent") !== "absent");
  if (both.length < 2) return <span />;
  return (
    <div class="group" role="group" aria-label="Family">
      {both.map((each) => (
        <button type="button" aria-pressed={family === each} onClick={() => look({ ...query, family: each })}>
          {each === "ipv4" ? "IPv4" : "IPv6"}
        </button>
      ))}
    </div>
  );
}

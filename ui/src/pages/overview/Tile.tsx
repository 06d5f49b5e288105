// A link at a glance: its state, what it measures now, and why.

import { useEffect, useState } from "preact/hooks";
import type { History, Mark } from "../../api/history.ts";
import type { Cap, Link, Status } from "../../api/status.ts";
import { part } from "../../api/client.ts";
import { orderLink } from "../../api/orders.ts";
import { useAsked } from "../../api/use.ts";
import { BEATS, beats, recall } from "../../live/beats.ts";
import { useCell } from "../../live/cell.ts";
import { act } from "../../live/notices.ts";
import { mayOrder, session } from "../../live/session.ts";
import { now } from "../../live/stream.ts";
import { Beats } from "../../parts/Beats.tsx";
import { Standing } from "../../parts/Standing.tsx";
import { For, Foreign } from "../../parts/text.tsx";
import { to } from "../../route/view.ts";
import { called, capped, measures, look, notApplied, ORDERS, ordered, predicate, standing } from "../../words/links.ts";
import { flow } from "../../words/graphs.ts";
import { visible } from "../../words/visible.ts";

interface Props {
  link: Link;
  status: Status;
  /** When it was taken out and in, in the stretch that is shown. */
  marks: readonly Mark[];
}

export function Tile({ link, status, marks }: Props) {
  const may = mayOrder(useCell(session));
  const rate = useCell(now)?.links.find((rate) => rate.name === link.name);
  const beat = useLastMinute(link.name);
  const [figure, ...others] = figures(link);
  const trouble = notApplied(status, link);
  return (
    <article class={`tile ${look(link)}`}>
      <div class="tile-head">
        <h2>
          <a href={to("links", link.name)}>
            <Foreign text={called(link)} />
          </a>
        </h2>
        <Standing state={link} />
      </div>
      <p class="figures">
        <b>{figure}</b>
        {others.map((other) => (
          <span>{other}</span>
        ))}
      </p>
      <Beats beats={beat} />
      <p class="rates">{rate ? flow(rate.bits_down, rate.bits_up) : "\u00a0"}</p>
      <p class="why">
        <b>
          <Foreign text={called(link)} />
        </b>
        {visible(predicate(link, Date.parse(status.time), marks))}{" "}
        <span class="faint">
          <For since={link.since} />.
        </span>
      </p>
      {link.cap && <Capped cap={link.cap} now={Date.parse(status.time)} />}
      <OtherFamily link={link} />
      {ordered(link) !== null && <p class="small">{ordered(link)}</p>}
      {trouble !== null && <p class="small wrong">{visible(trouble)}</p>}
      {may && standing(link) === "sits_out" && (
        <button type="button" title={ORDERS.retry.means} onClick={() => void act(orderLink(link.name, "retry"))}>
          {ORDERS.retry.does}
        </button>
      )}
      {may && link.order && (
        <button type="button" title={ORDERS.auto.means} onClick={() => void act(orderLink(link.name, "auto"))}>
          {ORDERS.auto.does}
        </button>
      )}
    </article>
  );
}

/** The beats of the last minute: first as they are remembered, then as they come. */
function useLastMinute(name: string) {
  const [url] = useState(() => {
    const now = Math.floor(Date.now() / 1000);
    return `links/${part(name)}/history?from=${now - BEATS}&to=${now}&points=${BEATS}`;
  });
  const { value } = useAsked<History>(url);
  useEffect(() => {
    if (value) recall(name, value);
  }, [name, value]);
  return useCell(beats).get(name) ?? [];
}

/** The round trip first, for it is what one looks for. */
function figures(link: Link): string[] {
  const all = measures(link);
  const trip = link.rtt_ms ? all[all.length - 2] : undefined;
  return trip === undefined ? all : [trip, ...all.filter((figure) => figure !== trip)];
}

/** IPv6, where it does not stand like IPv4. */
function OtherFamily({ link }: { link: Link }) {
  const { ipv4, ipv6 } = link.families;
  if (!ipv4 || !ipv6 || ipv6.reason.code === "absent" || standing(ipv4) === standing(ipv6)) return null;
  return (
    <p class="small">
      IPv6: <Standing state={ipv6} />
    </p>
  );
}

/** What is left of the link's cap, as a bar and in words. */
function Capped({ cap, now }: { cap: Cap; now: number }) {
  const share = (of: number): string => `${Math.min(100, (100 * of) / Math.max(1, cap.bytes))}%`;
  return (
    <div class={cap.used_up === null ? "cap" : "cap short"}>
      <span class="bar" aria-hidden="true">
        <i style={{ width: share(cap.used) }} />
        <i class="up" style={{ width: share(Math.max(0, Math.min(cap.forecast ?? 0, cap.bytes) - cap.used)) }} />
      </span>
      <p class="small">{capped(cap, now)}</p>
    </div>
  );
}

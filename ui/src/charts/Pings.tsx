// The pings around a decision, one row a link and target: when each was sent, and which were not answered.

import type { Ping } from "../api/history.ts";
import { milliseconds } from "../words/amount.ts";
import { answered } from "../words/graphs.ts";
import { clock } from "../words/time.ts";
import { Frame } from "./Frame.tsx";
import { pingTable } from "./tables.ts";

interface Row {
  link: string;
  target: string;
  pings: Ping[];
}

export function Pings({ pings, at, called }: { pings: readonly Ping[]; at: number; called: (link: string) => string }) {
  if (pings.length === 0) return <p class="faint">The pings of that moment are no longer kept.</p>;
  const times = pings.map((ping) => ping.time);
  const [from, to] = [Math.min(...times, at) - 0.5, Math.max(...times, at) + 0.5];
  const share = (time: number): string => `${(((time - from) / (to - from)) * 100).toFixed(2)}%`;
  return (
    <Frame title="The pings around it" sentence={answered(pings, called)} table={() => pingTable(pings, called)}>
      <div class="pings">
        {rows(pings).map((row, place, all) => (
          <>
            <span class="ping-link">{all[place - 1]?.link === row.link ? "" : called(row.link)}</span>
            <span class="ping-target">{row.target}</span>
            <svg class="ping-row" role="img" aria-label={told(row)}>
              <line class="moment" x1={share(at)} x2={share(at)} y1="0" y2="100%" />
              {row.pings.map((ping) =>
                ping.rtt_ms === null ? (
                  <svg x={share(ping.time)} y="50%" overflow="visible">
                    <path class="missed" d="M-4-4 4 4M-4 4 4-4"><title>{`${clock(new Date(ping.time * 1000))}: no answer`}</title></path>
                  </svg>
                ) : (
                  <circle class="answered" cx={share(ping.time)} cy="50%" r="3">
                    <title>{`${clock(new Date(ping.time * 1000))}: ${milliseconds(ping.rtt_ms)}`}</title>
                  </circle>
                ),
              )}
            </svg>
          </>
        ))}
        <span class="ping-foot">
          <span>{clock(new Date(from * 1000))}</span>
          <span>decided {clock(new Date(at * 1000))}</span>
          <span>{clock(new Date(to * 1000))}</span>
        </span>
      </div>
    </Frame>
  );
}

function rows(pings: readonly Ping[]): Row[] {
  const found = new Map<string, Row>();
  for (const ping of pings) {
    const name = `${ping.link} ${ping.target}`;
    const row = found.get(name) ?? { link: ping.link, target: ping.target, pings: [] };
    row.pings.push(ping);
    found.set(name, row);
  }
  return [...found.values()].sort((a, b) => a.link.localeCompare(b.link) || a.target.localeCompare(b.target));
}

const told = ({ pings, target }: Row): string =>
  `${target}: ${pings.filter((ping) => ping.rtt_ms !== null).length} of ${pings.length} answered`;

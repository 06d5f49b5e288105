// What went wrong, in sentences, each leading to its graph; and the sheet for the provider.

import type { Outage } from "../api/history.ts";
import { address } from "../api/client.ts";
import { useAsked } from "../api/use.ts";
import { useCell } from "../live/cell.ts";
import { status } from "../live/stream.ts";
import { Days } from "./outages/Days.tsx";
import { Answer, Empty } from "../parts/states.tsx";
import { Foreign } from "../parts/text.tsx";
import { look, useView } from "../route/use.ts";
import { iso, moment } from "../route/range.ts";
import { to } from "../route/view.ts";
import { calledBy } from "../words/links.ts";
import { noticed, total, where } from "../words/outages.ts";
import { EMPTY } from "../words/page.ts";
import { clock, day, exact, span } from "../words/time.ts";
import { visible } from "../words/visible.ts";

const PERIODS = { "7d": ["7 days", 7], "30d": ["30 days", 30], "1y": ["a year", 365] } as const;
type Period = keyof typeof PERIODS;
const EVERY = 30_000;

export function Outages() {
  const { query } = useView();
  const period: Period = query.range === "7d" || query.range === "1y" ? query.range : "30d";
  const [words, days] = PERIODS[period];
  const asked = useAsked<{ outages: Outage[] }>(`outages?since=${days}d`, EVERY);
  return (
    <>
      <div class="head">
        <h1>Outages</h1>
        <div class="row">
          <div class="group" role="group" aria-label="Period">
            {(Object.keys(PERIODS) as Period[]).map((each) => (
              <button type="button" aria-pressed={each === period} onClick={() => look({ range: each })}>
                {each}
              </button>
            ))}
          </div>
          <a class="button" href={address("outages/sheet")} target="_blank" rel="noreferrer">
            Sheet for the provider
          </a>
        </div>
      </div>
      <Answer asked={asked} lines={6}>
        {({ outages }) => (
          <>
            <p class="lead">{total(outages, words)}</p>
            <Days outages={outages} days={days} />
            {outages.length === 0 ? <Empty>{EMPTY.outages}</Empty> : <List outages={outages} />}
          </>
        )}
      </Answer>
    </>
  );
}

function List({ outages }: { outages: readonly Outage[] }) {
  const sorted = [...outages].sort((a, b) => b.begin.localeCompare(a.begin));
  return (
    <ol class="outages">
      {sorted.map((outage, at) => {
        const own = day(new Date(outage.begin));
        const before = sorted[at - 1];
        const begins = before === undefined || day(new Date(before.begin)) !== own;
        return (
          <>
            {begins && <li class="day">{own}</li>}
            <Row outage={outage} />
          </>
        );
      })}
    </ol>
  );
}

function Row({ outage }: { outage: Outage }) {
  const links = useCell(status)?.links ?? [];
  return (
    <li class={`outage ${outage.noticed}`}>
      <span class="num faint">
        <time dateTime={outage.begin} title={exact(outage.begin)}>
          {clock(new Date(outage.begin)).slice(0, 5)}
        </time>
      </span>
      <div>
        <p>{visible(outage.text)}</p>
        <p class="small faint">
          <span class={`felt ${outage.noticed}`}>{noticed(outage.noticed)}</span> · {where(outage.where)}
          {outage.link !== null && (
            <>
              {" · "}
              <a href={graph(outage, outage.link)}>
                graph of <Foreign text={calledBy(links, outage.link)} />
              </a>
            </>
          )}
        </p>
      </div>
      <span class="num length">{outage.end === null ? `${span(outage.length_s)} so far` : span(outage.length_s)}</span>
    </li>
  );
}

/** The link's graph with the outage in its middle third, and its reason told. */
function graph(outage: Outage, link: string): string {
  const begin = new Date(outage.begin).getTime() / 1000;
  const room = Math.max(outage.length_s, 300);
  return to("links", link, { from: iso(begin - room), to: iso(begin + outage.length_s + room), at: moment(begin) });
}

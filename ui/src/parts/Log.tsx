// Events as lines under their days.

import type { LogEntry } from "../api/history.ts";
import { iso, moment } from "../route/range.ts";
import { to } from "../route/view.ts";
import { about } from "../words/events.ts";
import { clock, day, exact } from "../words/time.ts";
import { visible } from "../words/visible.ts";
import { Icon, type Picture } from "./Icon.tsx";

const PICTURES: Record<ReturnType<typeof about>, Picture> = { all: "events", links: "links", devices: "devices", monitor: "setup" };

/** A graph shows so much on both sides of an event, in seconds. */
const AROUND = 900;

export function Log({ entries }: { entries: readonly LogEntry[] }) {
  return (
    <ol class="log">
      {entries.map((entry, at) => {
        const own = day(new Date(entry.time));
        const before = entries[at - 1];
        return (
          <>
            {(before === undefined || day(new Date(before.time)) !== own) && <li class="day">{own}</li>}
            <Entry entry={entry} key={entry.id} />
          </>
        );
      })}
    </ol>
  );
}

function Entry({ entry }: { entry: LogEntry }) {
  return (
    <li>
      <time class="num faint" dateTime={entry.time} title={exact(entry.time)}>
        {clock(new Date(entry.time))}
      </time>
      <Icon of={PICTURES[about(entry)]} />
      <span class="text">{visible(entry.text)}</span>
      {entry.link !== null && <a href={graph(entry.link, entry.time)}>graph</a>}
      {entry.link === null && entry.mac !== null && <a href={to("devices", entry.mac, around(entry.time))}>device</a>}
    </li>
  );
}

/** The link's graph around that moment, with its reason told. */
const graph = (link: string, time: string): string => to("links", link, { ...around(time), at: moment(Date.parse(time) / 1000) });

/** The stretch of time around a moment. */
function around(time: string): { from: string; to: string } {
  const at = Date.parse(time) / 1000;
  return { from: iso(at - AROUND), to: iso(at + AROUND) };
}

// What happened to a device.

import type { LogEntry } from "../../api/history.ts";
import { useAsked } from "../../api/use.ts";
import { Log } from "../../parts/Log.tsx";
import { Answer, Empty } from "../../parts/states.tsx";
import { part } from "../../api/client.ts";

/** The latest so many. */
const MOST = 20;

export function DeviceEvents({ mac }: { mac: string }) {
  const asked = useAsked<{ events: LogEntry[] }>(`log?mac=${part(mac)}&limit=${MOST}`);
  return (
    <section class="card">
      <h2>Events</h2>
      <Answer asked={asked}>
        {({ events }) => (events.length === 0 ? <Empty>Nothing has happened to it.</Empty> : <Log entries={events.map((event) => ({ ...event, mac: null }))} />)}
      </Answer>
    </section>
  );
}

// What happened, newest first: each entry leads to the graph or the device at that moment.

import { useState } from "preact/hooks";
import type { LogEntry } from "../api/history.ts";
import { get } from "../api/client.ts";
import { useAsked } from "../api/use.ts";
import { useCell } from "../live/cell.ts";
import { happened } from "../live/stream.ts";
import { Answer, Empty, Trouble } from "../parts/states.tsx";
import { Log } from "../parts/Log.tsx";
import { look, useView } from "../route/use.ts";
import { EMPTY } from "../words/page.ts";
import { KINDS, type About, about } from "../words/events.ts";

interface Page {
  events: LogEntry[];
  more: boolean;
}

/** So many are asked for at once. */
const PAGE = 100;

export function Events() {
  const { query } = useView();
  const only = (Object.keys(KINDS) as About[]).find((kind) => kind === query.about) ?? "all";
  const asked = useAsked<Page>(`log?limit=${PAGE}`);
  const live = useCell(happened);
  const older = useOlder();
  return (
    <>
      <div class="head">
        <h1>Events</h1>
        <div class="group" role="group" aria-label="About">
          {(Object.keys(KINDS) as About[]).map((kind) => (
            <button type="button" aria-pressed={kind === only} onClick={() => look(kind === "all" ? {} : { about: kind })}>
              {KINDS[kind]}
            </button>
          ))}
        </div>
      </div>
      <Answer asked={asked} lines={8}>
        {(page) => {
          const all = distinct([...live, ...page.events, ...older.events]);
          const shown = all.filter((entry) => only === "all" || about(entry) === only);
          const more = older.more ?? page.more;
          return (
            <>
              {shown.length === 0 ? <Empty>{EMPTY.events}</Empty> : <Log entries={shown} />}
              {older.error !== null && <Trouble text={older.error} />}
              {more && (
                <button type="button" onClick={() => older.ask(all[all.length - 1]?.id)}>
                  Older
                </button>
              )}
            </>
          );
        }}
      </Answer>
    </>
  );
}

/** Those before what is shown, a page at each call. */
function useOlder() {
  const [events, setEvents] = useState<LogEntry[]>([]);
  const [more, setMore] = useState<boolean | null>(null);
  const [error, setError] = useState<string | null>(null);
  const ask = async (before: string | undefined): Promise<void> => {
    try {
      const page = await get<Page>("log", { before, limit: PAGE });
      setEvents((old) => [...old, ...page.events]);
      setMore(page.more);
      setError(null);
    } catch (problem) {
      setError(problem instanceof Error ? problem.message : String(problem));
    }
  };
  return { events, more, error, ask };
}

/** Each once, the newest first. */
function distinct(entries: LogEntry[]): LogEntry[] {
  return [...new Map(entries.map((entry) => [entry.id, entry])).values()].sort((a, b) => (a.id < b.id ? 1 : -1));
}

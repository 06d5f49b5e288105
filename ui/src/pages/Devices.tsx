// Everybody in the house: searched, sorted, filtered, renamed in place.

import { useMemo } from "preact/hooks";
import type { Device, Devices as Everybody } from "../api/devices.ts";
import { useAsked } from "../api/use.ts";
import { useCell } from "../live/cell.ts";
import { mayOrder, session } from "../live/session.ts";
import { now } from "../live/stream.ts";
import { Icon } from "../parts/Icon.tsx";
import { Answer, Empty } from "../parts/states.tsx";
import { look, useView } from "../route/use.ts";
import { FILTERS, FILTER_MEANS, type Filter, passes, shownOf } from "../words/devices.ts";
import { count } from "../words/amount.ts";
import { EMPTY } from "../words/page.ts";
import { Rows } from "./devices/Rows.tsx";
import { Suggested } from "./devices/Suggested.tsx";
import { type Row, found, ordered, rowOf, type Sort, sortOf, withRate } from "./devices/rows.ts";

const EVERY = 30_000;

export function Devices() {
  const asked = useAsked<Everybody>("devices", EVERY);
  const may = mayOrder(useCell(session));
  return (
    <>
      <h1 class="unseen">Devices</h1>
      <Answer asked={asked} lines={12}>
        {({ devices }) => (
          <>
            <Suggested devices={devices} may={may} again={asked.again} />
            <Seen devices={devices} again={asked.again} />
          </>
        )}
      </Answer>
    </>
  );
}

function Seen({ devices, again }: { devices: Device[]; again: () => void }) {
  const { query } = useView();
  const filter = FILTERS.find((filter) => filter === query.filter) ?? "all";
  const sort = sortOf(query.sort);
  const rates = useCell(now)?.devices;
  const rows = useMemo(() => devices.filter((device) => !device.archived).map(rowOf), [devices]);
  // Thousands of rows are put in order each second only where the order changes each second.
  const moving = sort.by === "now" ? rates : undefined;
  const live = useMemo(() => (moving ? rows.map((row) => withRate(row, moving)) : rows), [rows, moving]);
  const shown = useMemo(
    () => ordered(found(live, query.q ?? "").filter((row) => passes(row.device, filter, Date.now())), sort),
    [live, query.q, filter, sort.by, sort.up],
  );
  const change = (query: Record<string, string>): void => look(query, true);
  return (
    <>
      <div class="device-tools">
        <label class="search">
          <Icon of="search" />
          <span class="unseen">Search</span>
          <input
            type="search"
            placeholder="Search ( / )"
            value={query.q ?? ""}
            onInput={(event) => change({ ...query, q: event.currentTarget.value })}
            onKeyDown={(event) => event.key === "Escape" && change({ ...query, q: "" })}
          />
        </label>
        <Filters rows={rows} filter={filter} choose={(filter) => change({ ...query, filter: filter === "all" ? "" : filter })} />
        <p class="faint shown-of" role="status">
          {shownOf(shown.length, rows.length)}
        </p>
      </div>
      {rows.length === 0 && <Empty>{EMPTY.devices}</Empty>}
      {rows.length > 0 && shown.length === 0 && <Empty>{EMPTY.filtered}</Empty>}
      {shown.length > 0 && (
        <Rows rows={shown} rates={rates} sort={sort} resort={(to: Sort) => change({ ...query, sort: `${to.up ? "" : "-"}${to.by}` })} again={again} />
      )}
    </>
  );
}

function Filters({ rows, filter, choose }: { rows: readonly Row[]; filter: Filter; choose: (filter: Filter) => void }) {
  const counts = useMemo(() => FILTERS.map((each) => rows.filter((row) => passes(row.device, each, Date.now())).length), [rows]);
  return (
    <div class="group" role="group" aria-label="Show">
      {FILTERS.map((each, at) => (
        <button type="button" title={FILTER_MEANS[each]} aria-pressed={each === filter} onClick={() => choose(each)}>
          {each} <span class="faint">{count(counts[at] ?? 0)}</span>
        </button>
      ))}
    </div>
  );
}

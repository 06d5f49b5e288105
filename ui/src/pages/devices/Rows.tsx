// The table of devices: only the rows that can be seen are in the page, so thousands are as quick as ten.

import { useCell } from "../../live/cell.ts";
import { mayOrder, session } from "../../live/session.ts";
import { Kind } from "../../parts/Icon.tsx";
import { useNarrow } from "../../parts/media.ts";
import { Rename } from "../../parts/Rename.tsx";
import { Ago } from "../../parts/text.tsx";
import { useWindowed } from "../../parts/windowed.ts";
import { go } from "../../route/use.ts";
import { to } from "../../route/view.ts";
import { bits, bytes } from "../../words/amount.ts";
import { MODES } from "../../words/devices.ts";
import { visible } from "../../words/visible.ts";
import { type By, COLUMNS, type Rate, type Row, type Sort, usual, withRate } from "./rows.ts";

interface Props {
  rows: readonly Row[];
  rates: readonly Rate[] | undefined;
  sort: Sort;
  resort: (sort: Sort) => void;
  again: () => void;
}

const HEADS: Record<By, string> = {
  name: "Name",
  vendor: "Vendor",
  address: "Address",
  interface: "On",
  seen: "Seen",
  now: "Now",
  today: "Today",
  month: "Month",
};
/** Pixels of a row, as the style sheet has them. */
const [WIDE, NARROW] = [40, 64];

export function Rows({ rows, rates, sort, resort, again }: Props) {
  const narrow = useNarrow();
  const height = narrow ? NARROW : WIDE;
  const { ref, first, end } = useWindowed(rows.length, height);
  const may = mayOrder(useCell(session));
  return (
    <table class="devices" aria-rowcount={rows.length + 1}>
      <thead>
        <tr>
          {COLUMNS.map((by) => (
            <Head by={by} sort={sort} resort={resort} />
          ))}
        </tr>
      </thead>
      <tbody ref={ref} onKeyDown={neighbour}>
        <Room height={first * height} />
        {rows.slice(first, end).map((row, at) => (
          <Line row={withRate(row, rates)} number={first + at + 2} may={may} again={again} key={row.device.mac} />
        ))}
        <Room height={(rows.length - end) * height} />
      </tbody>
    </table>
  );
}

function Head({ by, sort, resort }: { by: By; sort: Sort; resort: Props["resort"] }) {
  const own = sort.by === by;
  return (
    <th scope="col" class={`of-${by}`} {...(own ? { "aria-sort": sort.up ? ("ascending" as const) : ("descending" as const) } : {})}>
      <button type="button" class="bare" onClick={() => resort({ by, up: own ? !sort.up : usual(by) })}>
        {HEADS[by]}
        <span aria-hidden="true">{own ? (sort.up ? " ↑" : " ↓") : ""}</span>
      </button>
    </th>
  );
}

/** What stands for the rows that are not in the page. */
const Room = ({ height }: { height: number }) =>
  height === 0 ? null : (
    <tr aria-hidden="true" class="room">
      <td colSpan={COLUMNS.length} style={{ height: `${height}px` }} />
    </tr>
  );

function Line({ row, number, may, again }: { row: Row; number: number; may: boolean; again: () => void }) {
  const { device } = row;
  const open = (): void => go({ page: "devices", about: device.mac, query: {} });
  return (
    <tr aria-rowindex={number} class={device.gone ? "gone" : ""} onClick={open}>
      <td class="of-name">
        <Kind kind={device.kind} reason={device.kind_reason} />
        <Rename mac={device.mac} name={device.name} may={may} then={again} />
        {device.restricted && <span class="badge">{MODES[device.restricted.mode].is}</span>}
      </td>
      <td class="of-vendor cut">{row.vendor}</td>
      <td class="of-address num">
        <a href={to("devices", device.mac)} title={device.addresses.map((address) => address.ip).join("\n")}>
          {row.address === "" ? device.mac : row.address}
        </a>
        {row.more > 0 && <span class="faint"> +{row.more}</span>}
      </td>
      <td class="of-interface cut">{visible(row.on)}</td>
      <td class="of-seen num">
        <Ago time={device.last_seen} />
      </td>
      <td class="of-now num">{row.down + row.up < 1000 ? <span class="faint">–</span> : `↓ ${bits(row.down)} ↑ ${bits(row.up)}`}</td>
      <td class="of-today num">{device.today ? bytes(row.today) : "–"}</td>
      <td class="of-month num">{device.month ? bytes(row.month) : "–"}</td>
    </tr>
  );
}

/** Up and down go to the same place in the row above or below. */
function neighbour(event: KeyboardEvent): void {
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  const from = event.target as HTMLElement;
  const row = from.closest("tr");
  const next = event.key === "ArrowDown" ? row?.nextElementSibling : row?.previousElementSibling;
  const there = next?.querySelector<HTMLElement>(from.tagName === "A" ? "a" : "button.name");
  if (!there || from.tagName === "INPUT") return;
  event.preventDefault();
  there.focus();
}

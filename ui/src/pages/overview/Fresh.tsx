// Devices that are new, or that nobody knows.

import type { Overview } from "../../api/status.ts";
import { Kind } from "../../parts/Icon.tsx";
import { Empty } from "../../parts/states.tsx";
import { Ago, Foreign } from "../../parts/text.tsx";
import { to } from "../../route/view.ts";
import { maker } from "../../words/devices.ts";
import { EMPTY } from "../../words/page.ts";

/** So many are named; the rest is one click away. */
const MOST = 6;

export function Fresh({ devices }: { devices: Overview["new_devices"] }) {
  return (
    <section class="card">
      <div class="card-head">
        <h2>New or unknown</h2>
        {devices.length > 0 && <a href={to("devices", null, { filter: "new" })}>all of them</a>}
      </div>
      {devices.length === 0 && <Empty>{EMPTY.fresh}</Empty>}
      <ul class="fresh">
        {devices.slice(0, MOST).map((device) => (
          <li key={device.mac}>
            <Kind kind={device.kind} />
            <a href={to("devices", device.mac)}>
              <Foreign text={device.name ?? device.mac} />
            </a>
            <span class="faint cut">{maker(device)}</span>
            <span class="faint num">
              <Ago time={device.first_seen} />
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

// MACs that are probably one device, with the order that makes them one.

import type { Device } from "../../api/devices.ts";
import { merge } from "../../api/orders.ts";
import { act } from "../../live/notices.ts";
import { Foreign } from "../../parts/text.tsx";
import { to } from "../../route/view.ts";
import { several } from "../../words/amount.ts";
import { deviceName } from "../../words/devices.ts";
import { twins } from "./twins.ts";

interface Props {
  devices: readonly Device[];
  may: boolean;
  again: () => void;
}

/** More at once would hide the list. */
const MOST = 3;

export function Suggested({ devices, may, again }: Props) {
  const known = twins(devices);
  if (known.length === 0) return null;
  return (
    <section class="suggested" aria-label="Probably one device">
      {known.slice(0, MOST).map(({ into, others, hostName }) => (
        <p class="row">
          <span>
            {[into, ...others].map((device, at) => (
              <>
                {at > 0 && (at === others.length ? " and " : ", ")}
                <a href={to("devices", device.mac)}>
                  <Foreign text={deviceName(device)} />
                </a>
              </>
            ))}{" "}
            {others.length > 1 ? "all" : "both"} told their DHCP server that they are <Foreign text={hostName} />: probably one device.
          </span>
          {may && (
            <button type="button" onClick={() => void together(others, into, again)}>
              Merge into {deviceName(into)}
            </button>
          )}
        </p>
      ))}
      {known.length > MOST && <p class="faint small">{several(known.length - MOST, "more suggestion")}</p>}
    </section>
  );
}

async function together(others: readonly Device[], into: Device, again: () => void): Promise<void> {
  for (const other of others) if (!(await act(merge(other.mac, into.mac), again))) return;
}

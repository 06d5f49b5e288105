// The addresses of a device over time, each with who said that it is the device's.

import type { Device } from "../../api/devices.ts";
import { rename } from "../../api/orders.ts";
import { act } from "../../live/notices.ts";
import { Copy } from "../../parts/Copy.tsx";
import { Empty } from "../../parts/states.tsx";
import { When } from "../../parts/text.tsx";
import { claim } from "../../words/devices.ts";
import { exact } from "../../words/time.ts";

interface Props {
  device: Device;
  may: boolean;
  again: () => void;
}

export function Addresses({ device, may, again }: Props) {
  const sorted = [...device.addresses].sort((a, b) => b.last_seen.localeCompare(a.last_seen));
  const times = sorted.flatMap((address) => [time(address.first_seen), time(address.last_seen)]);
  const [from, to] = [Math.min(...times), Math.max(...times)];
  const share = (at: string): number => (100 * (time(at) - from)) / Math.max(1, to - from);
  return (
    <section class="card">
      <h2>Addresses</h2>
      {sorted.length === 0 && <Empty>It has shown no address.</Empty>}
      <ul class="addresses">
        {sorted.map((address) => (
          <li>
            <span class="num">
              {address.ip} <Copy text={address.ip} what={address.ip} />
            </span>
            <span class="faint">
              by {claim(address.claimed_by)}
              {may && <Fixed device={device} ip={address.ip} again={again} />}
            </span>
            <svg class="stretch" role="img" aria-label={`from ${exact(address.first_seen)} to ${exact(address.last_seen)}`}>
              <rect class="ground" x="0" y="3" width="100%" height="2" />
              <rect x={`${share(address.first_seen)}%`} y="1" width={`${Math.max(2, share(address.last_seen) - share(address.first_seen))}%`} height="6" />
            </svg>
            <span class="faint num small">
              <When time={address.first_seen} /> to <When time={address.last_seen} />
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** A DHCP server keeps an address for a device that has a name. */
function Fixed({ device, ip, again }: { device: Device; ip: string; again: () => void }) {
  const given = device.names.find(({ source }) => source === "user");
  if (given === undefined || ip.includes(":")) return null;
  const isFixed = device.fixed_address === ip;
  return (
    <button
      type="button"
      class="bare small"
      aria-pressed={isFixed}
      title={isFixed ? "It may be given another address again" : "The DHCP server gives it this address from its next lease on"}
      onClick={() => void act(rename(device.mac, given.name, isFixed ? "" : ip), again)}
    >
      {isFixed ? "always" : "always this"}
    </button>
  );
}

const time = (text: string): number => new Date(text).getTime();

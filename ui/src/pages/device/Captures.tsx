// What is kept of a device's packets, how much is kept from now on, and how to have them.

import type { Device, Keep } from "../../api/devices.ts";
import { part } from "../../api/client.ts";
import { capture } from "../../api/orders.ts";
import type { Ranged } from "../../charts/ranged.ts";
import { act } from "../../live/notices.ts";
import { Download, Live } from "../../parts/Packets.tsx";
import { Ago } from "../../parts/text.tsx";
import { bytes } from "../../words/amount.ts";
import { EMPTY } from "../../words/page.ts";

interface Props {
  device: Device;
  may: boolean;
  gateway: string;
  ranged: Ranged;
  again: () => void;
}

export function Captures({ device, may, gateway, ranged, again }: Props) {
  const path = `devices/${part(device.mac)}/pcap`;
  return (
    <section class="card captures">
      <h2>Captures</h2>
      <p class="small">
        {device.captures === null ? (
          EMPTY.captures
        ) : (
          <>
            {bytes(device.captures.bytes)} are kept, the oldest from <Ago time={device.captures.since} />.
          </>
        )}
      </p>
      {may && <Download path={path} ranged={ranged} />}
      {may && <Keeps device={device} again={again} />}
      <Live path={path} of={device.mac} gateway={gateway} />
    </section>
  );
}

function Keeps({ device, again }: { device: Device; again: () => void }) {
  return (
    <label class="term" for="mode">
      from now on keep{" "}
      <select
        id="mode"
        value={device.capture_mode ?? "auto"}
        onChange={(event) => void act(capture(device.mac, event.currentTarget.value as Keep | "auto"), again)}
      >
        <option value="auto">as its network says</option>
        <option value="full">full packets</option>
        <option value="headers">headers</option>
        <option value="off">nothing</option>
      </select>
    </label>
  );
}

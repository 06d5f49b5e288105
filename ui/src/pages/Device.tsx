// One device: who it is and how that is known, what it does, and what to do about it.

import type { Device as Known } from "../api/devices.ts";
import { part } from "../api/client.ts";
import { useAsked } from "../api/use.ts";
import { useRanged } from "../charts/ranged.ts";
import { usePlotWidth } from "../charts/width.ts";
import { useCell } from "../live/cell.ts";
import { gatewayOf, mayOrder, session } from "../live/session.ts";
import { useNow } from "../live/ticking.ts";
import { Copy } from "../parts/Copy.tsx";
import { Kind } from "../parts/Icon.tsx";
import { Ranges } from "../parts/Ranges.tsx";
import { Rename } from "../parts/Rename.tsx";
import { Answer } from "../parts/states.tsx";
import { Foreign } from "../parts/text.tsx";
import { to } from "../route/view.ts";
import { about, deviceName } from "../words/devices.ts";
import { visible } from "../words/visible.ts";
import { Actions } from "./device/Actions.tsx";
import { Addresses } from "./device/Addresses.tsx";
import { Captures } from "./device/Captures.tsx";
import { Contacts } from "./device/Contacts.tsx";
import { DeviceEvents } from "./device/DeviceEvents.tsx";
import { DeviceTraffic } from "./device/DeviceTraffic.tsx";
import { Identity } from "./device/Identity.tsx";
import { Note } from "./device/Note.tsx";
import { Ports } from "./device/Ports.tsx";

const EVERY = 15_000;

export function Device({ mac }: { mac: string }) {
  const asked = useAsked<Known>(`devices/${part(mac)}`, EVERY);
  return (
    <Answer asked={asked} lines={8} tall>
      {(device) => <Seen device={device} again={asked.again} />}
    </Answer>
  );
}

function Seen({ device, again }: { device: Known; again: () => void }) {
  const known = useCell(session);
  const may = mayOrder(known);
  const ranged = useRanged();
  const { ref, width } = usePlotWidth();
  return (
    <>
      <Head device={device} may={may} again={again} />
      <div class="bar-row">
        <Actions device={device} may={may} again={again} />
        <Ranges ranged={ranged} />
      </div>
      <div ref={ref}>
        <DeviceTraffic device={device} ranged={ranged} width={width} />
      </div>
      <Ports device={device} />
      <div class="halves">
        <div>
          <Identity device={device} />
          <Contacts contacts={device.contacts} />
          <Note device={device} may={may} again={again} />
        </div>
        <div>
          <Addresses device={device} may={may} again={again} />
          <DeviceEvents mac={device.mac} />
          <Captures device={device} may={may} gateway={gatewayOf(known)} ranged={ranged} again={again} />
        </div>
      </div>
    </>
  );
}

function Head({ device, may, again }: { device: Known; may: boolean; again: () => void }) {
  const now = useNow();
  return (
    <>
      <p class="crumb small">
        <a href={to("devices")}>Devices</a>
      </p>
      <h1 class="device-name">
        <Kind kind={device.kind} reason={device.kind_reason} />
        <Rename mac={device.mac} name={device.name} may={may} then={again} />
      </h1>
      <p class="lead">
        <b>{device.name === null ? "It" : <Foreign text={deviceName(device)} />}</b>
        {about(device, now)}
      </p>
      <p class="faint small">
        <span class="num">{device.mac}</span> <Copy text={device.mac} what="the MAC" />
        {device.vendor !== null && ` · ${visible(device.vendor)}`}
        {device.randomised && " · drawn at random by the device"}
      </p>
    </>
  );
}

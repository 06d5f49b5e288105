// Takes a device's MAC for one more of another device.

import { useState } from "preact/hooks";
import type { Device, Devices } from "../../api/devices.ts";
import { merge } from "../../api/orders.ts";
import { useAsked } from "../../api/use.ts";
import { Ask } from "../../parts/Ask.tsx";
import { Answer } from "../../parts/states.tsx";
import { deviceName } from "../../words/devices.ts";

export function Merge({ device, close, again }: { device: Device; close: () => void; again: () => void }) {
  const asked = useAsked<Devices>("devices");
  const [into, setInto] = useState("");
  return (
    <Ask title={`Merge ${deviceName(device)} into another?`} does="Merge" yes={() => merge(device.mac, into)} then={again} close={close} isOpen={into === ""}>
      <p>Both MACs are then one device, as a laptop by cable and by radio is. It can be split again.</p>
      <Answer asked={asked}>
        {({ devices }) => (
          <label class="term" for="into">
            into{" "}
            <select id="into" value={into} onChange={(event) => setInto(event.currentTarget.value)}>
              <option value="">choose</option>
              {others(devices, device.mac).map((other) => (
                <option value={other.mac}>{deviceName(other)}</option>
              ))}
            </select>
          </label>
        )}
      </Answer>
    </Ask>
  );
}

/** Named devices only: whom nobody can name nobody can choose. */
const others = (devices: readonly Device[], mac: string): Device[] =>
  devices.filter((other) => other.mac !== mac && other.name !== null).sort((a, b) => deviceName(a).localeCompare(deviceName(b)));

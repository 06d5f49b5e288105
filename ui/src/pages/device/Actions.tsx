// What can be done about a device: restrict it for a time, merge it with another, forget it.

import { useState } from "preact/hooks";
import type { Device, Mode } from "../../api/devices.ts";
import { allow, forget, split } from "../../api/orders.ts";
import { act } from "../../live/notices.ts";
import { Ask } from "../../parts/Ask.tsx";
import { go } from "../../route/use.ts";
import { deviceName, MODES } from "../../words/devices.ts";
import { READ_ONLY } from "../../words/page.ts";
import { Merge } from "./Merge.tsx";
import { Restrict } from "./Restrict.tsx";

export function Actions({ device, may, again }: { device: Device; may: boolean; again: () => void }) {
  const [asking, setAsking] = useState<Mode | "merge" | "forget" | null>(null);
  if (!may) return <p class="faint small">{READ_ONLY}</p>;
  const close = (): void => setAsking(null);
  return (
    <div class="row">
      {device.restricted && (
        <button type="button" class="strong" onClick={() => void act(allow(device.mac), again)}>
          Allow again
        </button>
      )}
      {device.restricted === null &&
        (Object.keys(MODES) as Mode[]).map((mode) => (
          <button type="button" title={MODES[mode].means} onClick={() => setAsking(mode)}>
            {MODES[mode].does}
          </button>
        ))}
      <span class="parting" />
      <button type="button" title="Its MAC is one more of another device" onClick={() => setAsking("merge")}>
        Merge
      </button>
      {device.also.length > 0 && (
        <button type="button" title="Its MACs are devices of their own again" onClick={() => void act(split(device.mac), again)}>
          Split
        </button>
      )}
      <button type="button" title="Erases what was learnt and kept of it" onClick={() => setAsking("forget")}>
        Forget
      </button>
      {asking === "merge" && <Merge device={device} close={close} again={again} />}
      {asking === "forget" && <Forget device={device} close={close} />}
      {asking !== null && asking !== "merge" && asking !== "forget" && <Restrict device={device} mode={asking} close={close} again={again} />}
    </div>
  );
}

function Forget({ device, close }: { device: Device; close: () => void }) {
  const gone = (): void => go({ page: "devices", about: null, query: {} });
  return (
    <Ask title={`Forget ${deviceName(device)}?`} does="Forget" yes={() => forget(device.mac)} then={gone} close={close}>
      <p>What was learnt of it, what you said of it and its captures are erased. If it speaks again, it is new. This cannot be undone.</p>
    </Ask>
  );
}

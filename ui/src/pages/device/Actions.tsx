// What can be done about a device: restrict it for a time, merge it with another, forget it.

import { useState } from "preact/hooks";
import type { Device, Mode } from "../../api/devices.ts";
import { allow, forget, restrict, split } from "../../api/orders.ts";
import { act } from "../../live/notices.ts";
import { Ask } from "../../parts/Ask.tsx";
import { Term, termOf } from "../../parts/Term.tsx";
import { go } from "../../route/use.ts";
import { deviceName, MODES } from "../../words/devices.ts";
import { READ_ONLY } from "../../words/page.ts";
import { Merge } from "./Merge.tsx";

export function Actions({ device, may, again }: { device: Device; may: boolean; again: () => void }) {
  const [term, setTerm] = useState("1h");
  const [asking, setAsking] = useState<Mode | "merge" | "forget" | null>(null);
  if (!may) return <p class="faint small">{READ_ONLY}</p>;
  const close = (): void => setAsking(null);
  return (
    <div class="row">
      {device.restricted ? (
        <button type="button" class="strong" onClick={() => void act(allow(device.mac), again)}>
          Allow again
        </button>
      ) : (
        device.restricted === null && <>
          {(Object.keys(MODES) as Mode[]).map((mode) => (
            <button type="button" title={MODES[mode].means} onClick={() => setAsking(mode)}>
              {MODES[mode].does}
            </button>
          ))}
          <Term id="restrict-term" value={term} change={setTerm} />
        </>
      )}
      <button type="button" onClick={() => setAsking("merge")}>
        Merge
      </button>
      {device.also.length > 0 && (
        <button type="button" onClick={() => void act(split(device.mac), again)}>
          Split
        </button>
      )}
      <button type="button" onClick={() => setAsking("forget")}>
        Forget
      </button>
      {asking === "merge" && <Merge device={device} close={close} again={again} />}
      {asking === "forget" && <Forget device={device} close={close} />}
      {asking !== null && asking !== "merge" && asking !== "forget" && (
        <Restrict device={device} mode={asking} term={term} close={close} again={again} />
      )}
    </div>
  );
}

function Restrict({ device, mode, term, close, again }: { device: Device; mode: Mode; term: string; close: () => void; again: () => void }) {
  const give = (force: boolean) => restrict(device.mac, mode, termOf(term), force);
  return (
    <Ask
      title={`${MODES[mode].does}: ${deviceName(device)}?`}
      does={MODES[mode].does}
      yes={() => void act(give(false), again, () => give(true))}
      no={close}
    >
      <p>{MODES[mode].means}</p>
    </Ask>
  );
}

function Forget({ device, close }: { device: Device; close: () => void }) {
  const gone = (): void => go({ page: "devices", about: null, query: {} });
  return (
    <Ask title={`Forget ${deviceName(device)}?`} does="Forget" yes={() => void act(forget(device.mac), gone)} no={close}>
      <p>What was learnt of it, what you said of it and its captures are erased. If it speaks again, it is new. This cannot be undone.</p>
    </Ask>
  );
}

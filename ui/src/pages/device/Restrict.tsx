// Restricts a device: what that means, for how long, and the gateway's objection if it has one.

import { useState } from "preact/hooks";
import type { Device, Mode } from "../../api/devices.ts";
import { restrict } from "../../api/orders.ts";
import { useNow } from "../../live/ticking.ts";
import { Ask } from "../../parts/Ask.tsx";
import { Term, termOf } from "../../parts/Term.tsx";
import { deviceName, MODES } from "../../words/devices.ts";
import { ends } from "../../words/time.ts";

interface Props {
  device: Device;
  mode: Mode;
  close: () => void;
  again: () => void;
}

export function Restrict({ device, mode, close, again }: Props) {
  const [term, setTerm] = useState<string>(MODES[mode].usual);
  const until = ends(term, useNow());
  return (
    <Ask
      title={`${MODES[mode].does}: ${deviceName(device)}?`}
      does={MODES[mode].does}
      yes={(force) => restrict(device.mac, mode, termOf(term), force)}
      then={again}
      close={close}
      canInsist
    >
      <p>{MODES[mode].means}</p>
      <p class="row">
        <Term id="restrict-term" value={term} change={setTerm} />
        <span class="faint small">{until === null ? "" : `until ${until}`}</span>
      </p>
    </Ask>
  );
}

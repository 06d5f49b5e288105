// Restricts a device: what that means, for how long, and the gateway's objection if it has one.

import { useState } from "preact/hooks";
import type { Device, Mode } from "../../api/devices.ts";
import { type Done, restrict } from "../../api/orders.ts";
import { refusal } from "../../live/notices.ts";
import { useNow } from "../../live/ticking.ts";
import { Ask } from "../../parts/Ask.tsx";
import { Term, termOf } from "../../parts/Term.tsx";
import { deviceName, MODES } from "../../words/devices.ts";
import { ends } from "../../words/time.ts";

/** As the gateway reads them. */
const HOURS = "mon-fri 21:00-07:00";
/** A while in which one notices what is missing. */
const SHORT = "1h";

interface Props {
  device: Device;
  mode: Mode;
  close: () => void;
  again: () => void;
}

export function Restrict({ device, mode, close, again }: Props) {
  const [term, setTerm] = useState<string>(MODES[mode].usual);
  const [hours, setHours] = useState("");
  const [isUnwise, setUnwise] = useState(false);
  const until = ends(term, useNow());
  const order = async (force: boolean): Promise<Done> => {
    try {
      return await restrict(device.mac, mode, { term: termOf(term), hours: hours.trim(), force });
    } catch (problem) {
      if (refusal(problem).isUnwise) {
        setUnwise(true);
        // What cuts off others has an end.
        setTerm(term === "" ? SHORT : term);
      }
      throw problem;
    }
  };
  return (
    <Ask
      title={`${MODES[mode].does}: ${deviceName(device)}?`}
      does={MODES[mode].does}
      yes={order}
      then={again}
      close={close}
      insisting={<p class="small">It can be done all the same, for a while.</p>}
    >
      <p>{MODES[mode].means}</p>
      <p class="row">
        <Term id="restrict-term" value={term} change={setTerm} ends={isUnwise} />
        <span class="faint small">{until === null ? "" : `until ${until}`}</span>
      </p>
      <label class="term" for="restrict-hours">
        only at <input id="restrict-hours" type="text" value={hours} placeholder={`any hour, or ${HOURS}`} onInput={(event) => setHours(event.currentTarget.value)} />
      </label>
    </Ask>
  );
}

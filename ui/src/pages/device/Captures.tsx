// What is kept of a device's packets: a range of it downloaded, followed, opened in Wireshark, and how much is kept from now on.

import { useState } from "preact/hooks";
import type { Device } from "../../api/devices.ts";
import { address, part } from "../../api/client.ts";
import { capture } from "../../api/orders.ts";
import type { Ranged } from "../../charts/ranged.ts";
import { act } from "../../live/notices.ts";
import { Copy } from "../../parts/Copy.tsx";
import { Ago } from "../../parts/text.tsx";
import { iso } from "../../route/range.ts";
import { bytes } from "../../words/amount.ts";
import { EMPTY } from "../../words/page.ts";
import { pipes } from "../../words/wireshark.ts";

const AGES = [
  ["10m", "the last 10 minutes"],
  ["1h", "the last hour"],
  ["1d", "the last day"],
] as const;
/** What is captured from now on, until somebody ends it. */
const NEW = { since: "0s", follow: "true" };
/** As long as the graph above. */
const SHOWN = "shown";

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
      {may && <Keep device={device} again={again} />}
      <h3>Live in Wireshark on your own computer</h3>
      {pipes(gateway, device.mac, new URL(address(path, NEW), document.baseURI).href).map(({ by, line }) => (
        <div class="pipe">
          <p class="small faint">{by}</p>
          <p class="mend">
            <code>{line}</code> <Copy text={line} what="the line" />
          </p>
        </div>
      ))}
      <p class="small">
        <a href={address("wireshark/profile.zip")} download>
          Wireshark profile
        </a>{" "}
        <span class="faint">with this gateway's names, colours and columns</span>
      </p>
    </section>
  );
}

function Download({ path, ranged }: { path: string; ranged: Ranged }) {
  const [stretch, setStretch] = useState("1h");
  const { from, to } = ranged.range;
  const query: Record<string, string> = stretch === SHOWN ? { since: iso(from), until: iso(to) } : stretch === "" ? {} : { since: stretch };
  return (
    <div class="row">
      <label class="unseen" for="stretch">
        Packets of
      </label>
      <select id="stretch" value={stretch} onChange={(event) => setStretch(event.currentTarget.value)}>
        {AGES.map(([age, words]) => (
          <option value={age}>{words}</option>
        ))}
        <option value={SHOWN}>what the graph shows</option>
        <option value="">everything kept</option>
      </select>
      <a class="button" href={address(path, query)} download>
        Download
      </a>
      <a class="button" href={address(path, NEW)} download title="Goes on until you stop the download">
        Follow
      </a>
    </div>
  );
}

function Keep({ device, again }: { device: Device; again: () => void }) {
  return (
    <label class="term" for="mode">
      from now on keep{" "}
      <select id="mode" onChange={(event) => void act(capture(device.mac, event.currentTarget.value), again)}>
        <option value="" disabled selected>
          as its network says
        </option>
        <option value="full">full packets</option>
        <option value="headers">headers</option>
        <option value="off">nothing</option>
      </select>
    </label>
  );
}

// What is kept of a device's packets: downloaded, followed, opened in Wireshark, and how much is kept from now on.

import { useState } from "preact/hooks";
import type { Device } from "../../api/devices.ts";
import { address, part } from "../../api/client.ts";
import { capture } from "../../api/orders.ts";
import { act } from "../../live/notices.ts";
import { Copy } from "../../parts/Copy.tsx";
import { Ago } from "../../parts/text.tsx";
import { bytes } from "../../words/amount.ts";
import { wiresharkLine } from "../../words/devices.ts";
import { EMPTY } from "../../words/page.ts";

const STRETCHES = [
  ["10m", "the last 10 minutes"],
  ["1h", "the last hour"],
  ["1d", "the last day"],
  ["", "everything kept"],
] as const;

export function Captures({ device, may, gateway, again }: { device: Device; may: boolean; gateway: string; again: () => void }) {
  const [since, setSince] = useState("1h");
  const path = `devices/${part(device.mac)}/pcap`;
  const line = wiresharkLine(gateway, device.mac);
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
      {may && (
        <div class="row">
          <label for="stretch" class="unseen">
            Stretch
          </label>
          <select id="stretch" value={since} onChange={(event) => setSince(event.currentTarget.value)}>
            {STRETCHES.map(([age, words]) => (
              <option value={age}>{words}</option>
            ))}
          </select>
          <a class="button" href={address(path, since === "" ? {} : { since })} download>
            Download
          </a>
          <a class="button" href={address(path, { follow: "true" })} download title="Goes on until you stop the download">
            Follow
          </a>
          <label class="term" for="mode">
            keep{" "}
            <select id="mode" onChange={(event) => void act(capture(device.mac, event.currentTarget.value), again)}>
              <option value="" disabled selected>
                as the network
              </option>
              <option value="full">full packets</option>
              <option value="headers">headers</option>
              <option value="off">nothing</option>
            </select>
          </label>
        </div>
      )}
      <p class="small faint">Live in Wireshark on your own computer:</p>
      <p class="mend">
        <code>{line}</code> <Copy text={line} what="the line" />
      </p>
    </section>
  );
}

// Packets to take along: a stretch of the past downloaded, followed, or opened in Wireshark on the reader's own computer.

import { useState } from "preact/hooks";
import { address } from "../api/client.ts";
import type { Ranged } from "../charts/ranged.ts";
import { Copy } from "./Copy.tsx";
import { iso } from "../route/range.ts";
import { pipes } from "../words/wireshark.ts";

const AGES = [
  ["10m", "the last 10 minutes"],
  ["1h", "the last hour"],
  ["1d", "the last day"],
] as const;
/** What is captured from now on, until somebody ends it. */
const NEW = { since: "0s", follow: "true" };
/** As long as the graph above. */
const SHOWN = "shown";

/** `path` is where the API hands them out. */
export function Download({ path, ranged }: { path: string; ranged: Ranged }) {
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

/** `of` is a MAC or an interface. */
export function Live({ path, of, gateway }: { path: string; of: string; gateway: string }) {
  return (
    <>
      <h3>Live in Wireshark on your own computer</h3>
      {pipes(gateway, of, new URL(address(path, NEW), document.baseURI).href).map(({ by, line }) => (
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
    </>
  );
}

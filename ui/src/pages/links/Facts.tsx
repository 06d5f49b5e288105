// The links as a table: state, numbers and where they lead.

import type { Family, Link, State } from "../../api/status.ts";
import { Standing } from "../../parts/Standing.tsx";
import { Foreign } from "../../parts/text.tsx";
import { to } from "../../route/view.ts";
import { milliseconds, percent } from "../../words/amount.ts";
import { called } from "../../words/links.ts";

const HEADS = ["Link", "", "State", "Answers", "Median", "95 %", "Loss", "Address", "Gateway"];
const FAMILIES: readonly (readonly [Family, string])[] = [
  ["ipv4", "IPv4"],
  ["ipv6", "IPv6"],
];

export function Facts({ links }: { links: readonly Link[] }) {
  return (
    <section class="card">
      <table class="plain stacked">
        <thead>
          <tr>
            {HEADS.map((head) => (
              <th scope="col">{head}</th>
            ))}
          </tr>
        </thead>
        <tbody>{links.flatMap((link) => families(link).map(([word, state]) => <Row link={link} family={word} state={state} />))}</tbody>
      </table>
    </section>
  );
}

/** The families in which the link has an address; its own state where it has none. */
function families(link: Link): [string, State][] {
  const there = FAMILIES.flatMap(([family, word]): [string, State][] => {
    const state = link.families[family];
    return state && state.reason.code !== "absent" ? [[word, state]] : [];
  });
  return there.length > 0 ? there : [["", link]];
}

function Row({ link, family, state }: { link: Link; family: string; state: State }) {
  return (
    <tr>
      <td class="first-line">
        <a href={to("links", link.name, family === "IPv6" ? { family: "ipv6" } : {})}>
          <Foreign text={called(link)} />
        </a>
        {link.label !== null && <span class="faint"> {link.name}</span>}
      </td>
      <td class="faint small">{family}</td>
      <td class="first-line">
        <Standing state={state} />
      </td>
      <td class="num">
        {state.answered}/{state.expected}
      </td>
      <td class="num">{state.rtt_ms ? milliseconds(state.rtt_ms.median) : "–"}</td>
      <td class="num roomy">{state.rtt_ms ? milliseconds(state.rtt_ms.p95) : "–"}</td>
      <td class="num">
        {percent(state.loss)}
        <span class="narrow"> loss</span>
      </td>
      <td class="num roomy">{state.source ?? "–"}</td>
      <td class="num roomy">{state.gateway ?? "–"}</td>
    </tr>
  );
}

// What flowed over the links, one colour a link.

import { useMemo } from "preact/hooks";
import type { History } from "../../api/history.ts";
import type { Link } from "../../api/status.ts";
import { stepOf } from "../../charts/bins.ts";
import { Frame } from "../../charts/Frame.tsx";
import type { Ranged } from "../../charts/ranged.ts";
import { trafficTable } from "../../charts/tables.ts";
import { Traffic } from "../../charts/Traffic.tsx";
import { traffic } from "../../words/graphs.ts";
import { called } from "../../words/links.ts";
import { visible } from "../../words/visible.ts";

interface Props {
  links: readonly Link[];
  histories: readonly (History | undefined)[];
  ranged: Ranged;
  height: number;
}

export function LinkTraffic({ links, histories, ranged, height }: Props) {
  const known = links.flatMap((link, at) => (histories[at] ? [{ name: visible(called(link)), history: histories[at] }] : []));
  const shown = useMemo(() => {
    const first = known[0]?.history;
    return {
      time: first?.columns.time ?? [],
      step: first ? stepOf(first.columns, first.step) : 1,
      flows: known.map(({ name, history }) => ({ name, down: history.columns.bits_down, up: history.columns.bits_up })),
    };
  }, histories);
  if (known.length === 0) return null;
  const said = known.map(({ name, history }) => ({ name, text: traffic(history.columns, stepOf(history.columns, history.step)) }));
  const isKnown = shown.flows.some((flow) => flow.down.some((rate) => rate !== null));
  const sentence = said.map(({ name, text }, at) => (
    <span class="said">
      {said.length > 1 && (
        <>
          <i class={`swatch series-${at % 4}`} /> <b>{name}</b>{" "}
        </>
      )}
      {text}{" "}
    </span>
  ));
  return (
    <Frame title="Traffic" sentence={sentence} table={() => trafficTable(shown, Date.now())}>
      {isKnown && <Traffic shown={shown} label={said.map(({ name, text }) => `${name}: ${text}`).join(" ")} height={height} timed ranged={ranged} />}
    </Frame>
  );
}

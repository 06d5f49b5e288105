// The smoke of each target of a link, under one cursor.

import type { History } from "../../api/history.ts";
import type { Link } from "../../api/status.ts";
import { part } from "../../api/client.ts";
import { useAskedAll } from "../../api/use.ts";
import { Frame } from "../../charts/Frame.tsx";
import { asks, type Ranged } from "../../charts/ranged.ts";
import { Smoke } from "../../charts/Smoke.tsx";
import { smokeTable } from "../../charts/tables.ts";
import { Trouble, Waiting } from "../../parts/states.tsx";
import { several } from "../../words/amount.ts";

interface Props {
  link: Link;
  history: History;
  ranged: Ranged;
  width: number;
  pick: (time: number) => void;
}

export function Targets({ link, history, ranged, width, pick }: Props) {
  const urls = history.targets.map(
    (target) => `links/${part(link.name)}/history?${asks(ranged, width, `&family=${history.family}&target=${part(target)}`)}`,
  );
  const { values, error } = useAskedAll<History>(urls);
  const shown = history.targets.flatMap((target, at) => (values[at] ? [{ name: target, history: values[at] }] : []));
  return (
    <Frame
      title="Targets"
      sentence={`The same stretch for each of ${several(history.targets.length, "target")}: what all have lost is the link's, what one has lost is its own.`}
      table={() => smokeTable(shown, Date.now())}
    >
      {error !== undefined && <Trouble text={error} />}
      {shown.length === 0 && error === undefined && <Waiting lines={history.targets.length} tall />}
      {shown.map(({ name, history }, at) => {
        const timed = at === shown.length - 1;
        return <Smoke key={name} name={name} history={{ ...history, marks: [] }} height={timed ? 88 : 64} timed={timed} ranged={ranged} pick={pick} />;
      })}
    </Frame>
  );
}

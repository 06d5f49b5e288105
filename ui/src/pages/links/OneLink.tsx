// The smoke of one link over all its targets, with its switches.

import type { History } from "../../api/history.ts";
import type { Link } from "../../api/status.ts";
import { Flags } from "../../charts/Flags.tsx";
import { Frame } from "../../charts/Frame.tsx";
import { SmokeLegend } from "../../charts/Legend.tsx";
import type { Ranged } from "../../charts/ranged.ts";
import { Smoke } from "../../charts/Smoke.tsx";
import { smokeTable } from "../../charts/tables.ts";
import { summary } from "../../words/graphs.ts";
import { called } from "../../words/links.ts";

interface Props {
  link: Link;
  history: History;
  ranged: Ranged;
  width: number;
  /** The moment whose reason is told. */
  open: string | null;
  pick: (time: number) => void;
}

export function OneLink({ link, history, ranged, width, open, pick }: Props) {
  const marks = history.marks.map((mark) => ({ ...mark, link: called(link) }));
  return (
    <Frame title="Round trips, all targets" sentence={summary(history)} table={() => smokeTable([{ name: called(link), history }], Date.now())}>
      <Flags marks={marks} from={ranged.range.from} to={ranged.range.to} width={width} open={open} pick={(mark) => pick(mark.time)} />
      <Smoke history={history} height={244} timed ranged={ranged} pick={pick} name={<span class="faint">click for the reason at that moment</span>} />
      <SmokeLegend />
    </Frame>
  );
}

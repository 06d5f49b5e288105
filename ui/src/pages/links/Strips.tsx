// The smoke of all links on one axis, their switches flagged above; a flag leads to its reason.

import type { ComponentChildren } from "preact";
import type { History } from "../../api/history.ts";
import type { Link } from "../../api/status.ts";
import { Flags } from "../../charts/Flags.tsx";
import { Frame } from "../../charts/Frame.tsx";
import { SmokeLegend } from "../../charts/Legend.tsx";
import type { Ranged } from "../../charts/ranged.ts";
import { Smoke } from "../../charts/Smoke.tsx";
import { smokeTable } from "../../charts/tables.ts";
import { Trouble, Waiting } from "../../parts/states.tsx";
import { Shape } from "../../parts/Standing.tsx";
import { Foreign } from "../../parts/text.tsx";
import { go, useView } from "../../route/use.ts";
import { moment, withRange } from "../../route/range.ts";
import { summary } from "../../words/graphs.ts";
import { called, look } from "../../words/links.ts";

interface Props {
  title: string;
  links: readonly Link[];
  histories: readonly (History | undefined)[];
  ranged: Ranged;
  width: number;
  height: number;
  error: string | undefined;
  tools: ComponentChildren;
}

/** The last strip carries the times below it, in pixels. */
const TIMES = 24;

export function Strips({ title, links, histories, ranged, width, height, error, tools }: Props) {
  const { query } = useView();
  const shown = links.flatMap((link, at) => (histories[at] ? [{ link, history: histories[at] }] : []));
  const marks = shown.flatMap(({ link, history }) => history.marks.map((mark) => ({ ...mark, link: called(link), name: link.name })));
  const why = (name: string, time: number): void =>
    go({ page: "links", about: name, query: { ...withRange(query, ranged.range.last ?? ranged.range), at: moment(time) } });
  return (
    <Frame
      title={title}
      tools={tools}
      table={() => smokeTable(shown.map(({ link, history }) => ({ name: called(link), history })), Date.now())}
    >
      {error !== undefined && <Trouble text={error} />}
      <Flags
        marks={marks}
        from={ranged.range.from}
        to={ranged.range.to}
        width={width}
        open={null}
        pick={(flag) => why(marks.find((mark) => mark.time === flag.time && mark.link === flag.link)?.name ?? "", flag.time)}
      />
      {shown.length === 0 && error === undefined && <Waiting lines={links.length} tall />}
      {shown.map(({ link, history }, at) => {
        const timed = at === shown.length - 1;
        return (
          <Smoke
            key={link.name}
            history={history}
            height={height + (timed ? TIMES : 0)}
            timed={timed}
            ranged={ranged}
            pick={(time) => why(link.name, time)}
            said={summary(history)}
            name={
              <>
                <Shape of={look(link)} /> <Foreign text={called(link)} />
              </>
            }
          />
        );
      })}
      <SmokeLegend />
    </Frame>
  );
}

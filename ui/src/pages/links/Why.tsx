// Why a link was in or out at one moment: the counts of all links, the pings around it, and what other settings would have done.

import { useEffect, useRef } from "preact/hooks";
import type { Counts, Why as Answered } from "../../api/history.ts";
import type { Family, Link } from "../../api/status.ts";
import { part } from "../../api/client.ts";
import { useAsked } from "../../api/use.ts";
import { Pings } from "../../charts/Pings.tsx";
import { Answer } from "../../parts/states.tsx";
import { Icon } from "../../parts/Icon.tsx";
import { Foreign } from "../../parts/text.tsx";
import { bits } from "../../words/amount.ts";
import { calledBy } from "../../words/links.ts";
import { exact } from "../../words/time.ts";
import { visible } from "../../words/visible.ts";
import { applied, counted, otherwise, prose } from "../../words/why.ts";

interface Props {
  link: Link;
  links: readonly Link[];
  /** Unix seconds. */
  at: number;
  family: Family;
  close: () => void;
}

export function Why({ link, links, at, family, close }: Props) {
  const asked = useAsked<Answered>(Number.isFinite(at) ? `links/${part(link.name)}/why?at=${at}&family=${family}` : undefined);
  const panel = useRef<HTMLElement>(null);
  useEffect(() => panel.current?.scrollIntoView({ block: "nearest" }), [at, asked.value]);
  const name = (link: string): string => calledBy(links, link);
  return (
    <section class="card why-panel" ref={panel} aria-label="Why">
      <div class="card-head">
        <h2>Why, at {exact(new Date(at * 1000))}</h2>
        <button type="button" class="bare" aria-label="Close" onClick={close}>
          <Icon of="close" />
        </button>
      </div>
      <Answer asked={asked} lines={5}>
        {(why) => <Told why={why} name={name} />}
      </Answer>
    </section>
  );
}

function Told({ why, name }: { why: Answered; name: (link: string) => string }) {
  const said = applied(why.commit);
  return (
    <>
      <p class="prose">{prose(why.text)}</p>
      <h3>What was counted</h3>
      <table class="plain stacked">
        <thead>
          <tr>
            {["Link", "Answers", "Missed", "Traffic then", "Was"].map((head) => (
              <th scope="col">{head}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {why.links.map((link) => (
            <Row link={link} name={name(link.name)} />
          ))}
        </tbody>
      </table>
      {said !== null && <p class="small applied">{visible(said)}</p>}
      <Pings pings={why.pings} at={new Date(why.at).getTime() / 1000} called={name} />
      {why.what_if.length > 0 && <h3>What other settings would have done</h3>}
      <ul class="what-if">
        {otherwise(why.what_if).map((sentence) => (
          <li>{sentence}</li>
        ))}
      </ul>
    </>
  );
}

function Row({ link, name }: { link: Counts; name: string }) {
  return (
    <tr>
      <td class="first-line">
        <Foreign text={name} />
      </td>
      <td class="num">
        {link.answered} of {link.expected}
        <span class="narrow"> answered</span>
        {link.answered < link.best && <span class="wrong"> · best {link.best}</span>}
      </td>
      <td class={link.missed.length === 0 ? "roomy" : ""}>
        {link.missed.length > 0 && <span class="narrow faint">missed </span>}
        {link.missed.length === 0 ? "–" : link.missed.join(", ")}
      </td>
      <td class="num">
        ↓ {bits(link.load.received * 8)} ↑ {bits(link.load.sent * 8)}
      </td>
      <td class="first-line">{counted(link)}</td>
    </tr>
  );
}

// What the operator can order of a link, and for how long.

import { useState } from "preact/hooks";
import type { Link } from "../../api/status.ts";
import { type LinkOrder, orderLink } from "../../api/orders.ts";
import { useCell } from "../../live/cell.ts";
import { act } from "../../live/notices.ts";
import { mayOrder, session } from "../../live/session.ts";
import { Term, termOf } from "../../parts/Term.tsx";
import { ORDERS, ordered } from "../../words/links.ts";
import { READ_ONLY } from "../../words/page.ts";

export function Orders({ link }: { link: Link }) {
  const may = mayOrder(useCell(session));
  const [term, setTerm] = useState("1h");
  const stands = ordered(link);
  if (!may) return <p class="faint small">{READ_ONLY}</p>;
  const order = (verb: LinkOrder, timed: boolean) => {
    const give = (force: boolean) => orderLink(link.name, verb, timed ? termOf(term) : undefined, force);
    return (
      <button type="button" title={ORDERS[verb].means} onClick={() => void act(give(false), undefined, () => give(true))}>
        {ORDERS[verb].does}
      </button>
    );
  };
  return (
    <div class="orders">
      {stands !== null && <p class="small">{stands}</p>}
      <div class="row">
        {link.order ? order("auto", false) : null}
        {link.reason.code === "hold_down" ? order("retry", false) : null}
        {order("pin", true)}
        {order("out", true)}
        <Term id="term" value={term} change={setTerm} />
      </div>
    </div>
  );
}

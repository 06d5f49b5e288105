// Text from a network, times and addresses, as they stand in a page.

import { useNow } from "../live/ticking.ts";
import { ago, brief, exact, lasting } from "../words/time.ts";
import { visible } from "../words/visible.ts";

/** A name somebody else chose: what hides is written out, and its direction is its own. */
export const Foreign = ({ text }: { text: string }) => <bdi>{visible(text)}</bdi>;

/** `12 s ago`, exact when one points at it. */
export function Ago({ time }: { time: string }) {
  const now = useNow();
  return (
    <time dateTime={time} title={exact(time)}>
      {ago(time, now)}
    </time>
  );
}

/** `For 3 days`, exact when one points at it. */
export function For({ since }: { since: string }) {
  const now = useNow();
  return (
    <time dateTime={since} title={`since ${exact(since)}`}>
      {lasting(since, now)}
    </time>
  );
}

/** `14:21`, exact when one points at it. */
export function When({ time }: { time: string }) {
  const now = useNow();
  return (
    <time dateTime={time} title={exact(time)}>
      {brief(new Date(time), now)}
    </time>
  );
}

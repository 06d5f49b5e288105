// A question of a component: what is known while it is asked, when it was answered, and what went wrong.

import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { Refused, get } from "./client.ts";
import { lock } from "../live/session.ts";

/** A gateway that is busy is asked again after so long, in milliseconds, and so often before that is told. */
const BUSY_FOR = 1500;
const BUSY_TIMES = 3;
const BUSY = 503;

/** How far a question has come. What was answered before stays visible while it is asked again or fails. */
export interface Asked<T> {
  value: T | undefined;
  error: string | undefined;
  /** Asks again now. */
  again: () => void;
}

/** Asks for one thing; an undefined `url` asks nothing. Else as [`useAskedAll`]. */
export function useAsked<T>(url: string | undefined, every?: number): Asked<T> {
  const { values, error, again } = useAskedAll<T>(url === undefined ? [] : [url], every);
  return { value: values[0], error, again };
}

/**
 * Asks for several things, paths with their queries, whenever one of them changes, and every `every` milliseconds while the
 * page is seen. An answer is shown until there is a newer one about the same thing, whatever the stretch of time.
 */
export function useAskedAll<T>(urls: readonly string[], every?: number): { values: (T | undefined)[]; error: string | undefined; again: () => void } {
  const [known, setKnown] = useState<ReadonlyMap<string, T>>(new Map());
  const [error, setError] = useState<string | undefined>();
  const [turn, setTurn] = useState(0);
  const refused = useRef(0);
  const again = useCallback(() => setTurn((turn) => turn + 1), []);

  useEffect(() => {
    if (urls.length === 0) return;
    const giveUp = new AbortController();
    let later: ReturnType<typeof setTimeout> | undefined;
    Promise.all(urls.map((url) => get<T>(url, {}, giveUp.signal)))
      .then((values) => {
        setKnown(new Map(values.map((value, at) => [resource(urls[at] ?? ""), value])));
        setError(undefined);
        refused.current = 0;
      })
      .catch((problem: unknown) => {
        if (giveUp.signal.aborted) return;
        if (problem instanceof Refused && problem.status === 401) lock();
        refused.current += 1;
        if (problem instanceof Refused && problem.status === BUSY && refused.current <= BUSY_TIMES) later = setTimeout(again, BUSY_FOR);
        else setError(problem instanceof Error ? problem.message : String(problem));
      });
    return () => {
      giveUp.abort();
      clearTimeout(later);
    };
  }, [urls.join(" "), turn]);

  useEffect(() => {
    if (every === undefined) return;
    const timer = setInterval(() => document.visibilityState === "visible" && again(), every);
    return () => clearInterval(timer);
  }, [every, again]);

  return { values: urls.map((url) => known.get(resource(url))), error, again };
}

/** What a question is about, whatever the stretch of time. */
const resource = (url: string): string => url.replace(/\b(from|to|points)=[^&]*/g, "");

// Which rows of a long table can be seen: only those are in the page.

import { useCallback, useLayoutEffect, useRef, useState } from "preact/hooks";

/** Rows kept beyond both ends, so that fast scrolling and the keyboard find them there. */
const BEYOND = 12;

/** The first row to draw and the one after the last, of `count` rows of `height` pixels below the referenced element's top. */
export function useWindowed(count: number, height: number) {
  const ref = useRef<HTMLTableSectionElement>(null);
  const [seen, setSeen] = useState({ first: 0, end: 40 });
  const measure = useCallback(() => {
    const top = ref.current?.getBoundingClientRect().top ?? 0;
    const first = Math.max(0, Math.min(count, Math.floor(-top / height) - BEYOND));
    const end = Math.min(count, Math.ceil((innerHeight - top) / height) + BEYOND);
    setSeen((old) => (old.first === first && old.end === end ? old : { first, end }));
  }, [count, height]);
  useLayoutEffect(() => {
    measure();
    addEventListener("scroll", measure, { passive: true });
    addEventListener("resize", measure);
    return () => {
      removeEventListener("scroll", measure);
      removeEventListener("resize", measure);
    };
  }, [measure]);
  return { ref, first: Math.min(seen.first, count), end: Math.min(Math.max(seen.end, seen.first), count) };
}

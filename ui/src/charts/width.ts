// How wide an element is, so that the server can be asked for one column a pixel.

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { SCALE } from "./TimePlot.tsx";

/** What a frame's own margins take, in pixels. */
const MARGINS = 42;

/** A place for a reference, and the pixels a plot in it has; 0 until it is known. */
export function usePlotWidth() {
  const ref = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const home = ref.current;
    if (!home) return;
    const measure = (): void => setWidth(Math.max(0, home.clientWidth - SCALE - MARGINS));
    measure();
    const resized = new ResizeObserver(measure);
    resized.observe(home);
    return () => resized.disconnect();
  }, []);
  return { ref, width };
}

// The page's colour tokens for a canvas, which does not know custom properties.

import { Cell } from "../live/cell.ts";

export interface Colours {
  ink: string;
  faint: string;
  line: string;
  paper: string;
  accent: string;
  amber: string;
  /** By grade of loss. */
  loss: string[];
  /** By the place of a link or a direction. */
  series: string[];
}

/** Changes with every change of theme. */
export const theme = new Cell(0);

let read: { of: number; colours: Colours } | undefined;

/** The colours as they are now. */
export function colours(): Colours {
  if (read?.of !== theme.value) read = { of: theme.value, colours: fresh() };
  return read.colours;
}

function fresh(): Colours {
  const probe = document.body.appendChild(document.createElement("i"));
  const token = (name: string): string => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const found = {
    ink: token("ink"),
    faint: token("faint"),
    line: token("line"),
    paper: token("card"),
    accent: token("accent"),
    amber: token("amber-mark"),
    loss: [0, 1, 2, 3, 4, 5].map((grade) => token(`loss-${grade}`)),
    series: [0, 1, 2, 3].map((place) => token(`series-${place}`)),
  };
  probe.remove();
  return found;
}

/** A colour of the form a browser computes, with this opacity. */
export function faded(colour: string, opacity: number): string {
  const parts = colour.match(/[\d.]+/g) ?? [];
  return `rgba(${parts.slice(0, 3).join(", ")}, ${opacity})`;
}

// The flags above a graph: one a switch, several that would cover each other as one.

export interface Flagged {
  time: number;
  enabled: boolean;
  link: string;
}

export interface Flag {
  /** Where, as a share of the width. */
  at: number;
  /** It hangs to the left of its place, for it would leave the picture on the right. */
  turned: boolean;
  /** The switches it stands for, in order of time. */
  marks: Flagged[];
}

/** Flags of switches within a span that is so many pixels wide; each takes so many of them, and none covers another. */
export function flags(marks: readonly Flagged[], from: number, to: number, width: number, room: number): Flag[] {
  const share = (time: number): number => (time - from) / (to - from);
  const sorted = marks.filter((mark) => mark.time >= from && mark.time <= to).sort((a, b) => a.time - b.time);
  const found: Flag[] = [];
  let taken = 0;
  for (const mark of sorted) {
    const last = found[found.length - 1];
    const at = share(mark.time);
    const turned = (1 - at) * width < room;
    const left = at * width - (turned ? room : 0);
    if (last && left < taken) last.marks.push(mark);
    else {
      found.push({ at, turned, marks: [mark] });
      taken = left + room;
    }
  }
  return found;
}

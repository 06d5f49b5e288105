// The flags above a graph: one a switch, several that would cover each other as one.

export interface Flagged {
  time: number;
  enabled: boolean;
  link: string;
}

export interface Flag {
  /** Where, as a share of the width. */
  at: number;
  /** The switches it stands for, in order of time. */
  marks: Flagged[];
}

/** Flags of switches within a span that is so many pixels wide, none nearer to another than `apart` pixels. */
export function flags(marks: readonly Flagged[], from: number, to: number, width: number, apart: number): Flag[] {
  const share = (time: number): number => (time - from) / (to - from);
  const sorted = marks.filter((mark) => mark.time >= from && mark.time <= to).sort((a, b) => a.time - b.time);
  const found: Flag[] = [];
  for (const mark of sorted) {
    const last = found[found.length - 1];
    if (last && (share(mark.time) - last.at) * width < apart) last.marks.push(mark);
    else found.push({ at: share(mark.time), marks: [mark] });
  }
  return found;
}

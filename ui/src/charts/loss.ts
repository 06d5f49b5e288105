// Loss as one of six grades: none, then from 1, 5, 20 and 50 percent on.

/** Grades by their lower bound; the first is no loss at all, the second too little for a colour of alarm. */
const BOUNDS = [0, 0, 0.01, 0.05, 0.2, 0.5] as const;

/** The grade of a share of lost echoes: 0 for none to 5 for half and more. */
export function grade(asked: number, lost: number): number {
  if (asked === 0 || lost === 0) return 0;
  const share = lost / asked;
  let found = 1;
  for (let at = 2; at < BOUNDS.length; at += 1) if (share >= (BOUNDS[at] ?? 1)) found = at;
  return found;
}

/** What each grade is called in a legend. */
export const GRADES = ["no loss", "< 1 %", "1 %", "5 %", "20 %", "50 %"] as const;

/** How high a tick of loss stands, 0 to 1: the root, so that a little is seen. */
export function tick(asked: number, lost: number): number {
  return asked === 0 ? 0 : Math.sqrt(Math.min(1, lost / asked));
}

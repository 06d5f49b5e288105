// What the page says about the findings of `check`.

import type { Finding } from "../api/status.ts";

export const SEVERITY: Record<Finding["severity"], string> = { mend: "to mend", note: "note", fine: "fine" };

/** The sentence above all findings. */
export function sum(findings: readonly Finding[]): string {
  const mend = findings.filter((finding) => finding.severity === "mend").length;
  const notes = findings.filter((finding) => finding.severity === "note").length;
  const beside = notes === 0 ? "" : notes === 1 ? ", one note" : `, ${notes} notes`;
  if (mend === 0) return `Nothing must be mended${beside}.`;
  return mend === 1 ? `One thing must be mended${beside}.` : `${mend} things must be mended${beside}.`;
}

/** The worst first, each kind in the order it was found. */
export function sorted(findings: readonly Finding[]): Finding[] {
  const rank = { mend: 0, note: 1, fine: 2 };
  return [...findings].sort((a, b) => rank[a.severity] - rank[b.severity]);
}

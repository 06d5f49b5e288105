// Text from a network made visible: what would hide, reorder or break a line is written out.
//
// The page only ever makes text nodes of such text, so no markup in it is obeyed; this is against names that lie to the eye.

/** Control characters, line and paragraph ends, those that direct, join or hide text, tags, private use and lone surrogates. */
const HIDDEN =
  /[\p{Cc}\p{Cs}\p{Co}\p{Zl}\p{Zp}\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb]|[\u{e0000}-\u{e0fff}]/gu;
/** Marks that pile up over their letter beyond what any language needs. */
const PILED = /(\p{M}{3})\p{M}+/gu;
/** A longer name would push everything else aside. */
const LONGEST = 200;

/** The text as it can be shown. */
export function visible(text: string): string {
  const shown = text
    .replace(HIDDEN, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`)
    .replace(PILED, "$1…");
  const letters = [...shown];
  return letters.length > LONGEST ? `${letters.slice(0, LONGEST).join("")}…` : shown;
}

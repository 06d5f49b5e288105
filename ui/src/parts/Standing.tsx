// A link's state as shape, colour and word, so that it can be read without any one of them.

import type { State } from "../api/status.ts";
import { look, stateWord, type Standing as Stands } from "../words/links.ts";

/** The shape alone. */
export function Shape({ of }: { of: Stands }) {
  return (
    <svg class={`shape ${of}`} viewBox="0 0 12 12" aria-hidden="true">
      {of === "in_use" && <circle cx="6" cy="6" r="5" />}
      {of === "sits_out" && <path d="M6 1a5 5 0 0 0 0 10z" />}
      {of === "sits_out" && <circle class="open" cx="6" cy="6" r="4.3" />}
      {of === "failing" && <path d="M6 .8 11.8 11H.2z" />}
      {of === "out" && <circle class="open" cx="6" cy="6" r="4.3" />}
    </svg>
  );
}

export function Standing({ state }: { state: State }) {
  const of = look(state);
  return (
    <span class={`standing ${of}`}>
      <Shape of={of} /> {stateWord(state)}
    </span>
  );
}

// Dark, light, or as the system is; the choice stays in this browser.

import { theme } from "../charts/colours.ts";

const KEY = "rebootping-theme";
const NEXT = { auto: "light", light: "dark", dark: "auto" } as const;
export type Theme = keyof typeof NEXT;

/** The choice that was made here. */
export function chosen(): Theme {
  const kept = localStorage.getItem(KEY);
  return kept === "light" || kept === "dark" ? kept : "auto";
}

/** Takes the next one and answers which it is. */
export function turn(): Theme {
  const next = NEXT[chosen()];
  localStorage.setItem(KEY, next);
  apply();
  return next;
}

/** Graphs are painted and not styled: they have to be told. */
export function apply(): void {
  document.documentElement.dataset.theme = chosen();
  theme.set(theme.value + 1);
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", apply);

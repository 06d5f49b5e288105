// What a key means on a graph.

export type Keyed =
  | { kind: "move"; by: number }
  | { kind: "zoom"; factor: number }
  | { kind: "shift"; share: number }
  | { kind: "pick" }
  | { kind: "leave" };

/** So many columns at once with Shift. */
const LEAP = 10;

export function keyed(event: Pick<KeyboardEvent, "key" | "shiftKey" | "ctrlKey" | "altKey" | "metaKey">): Keyed | null {
  if (event.ctrlKey || event.altKey || event.metaKey) return null;
  const by = event.shiftKey ? LEAP : 1;
  switch (event.key) {
    case "ArrowLeft":
      return { kind: "move", by: -by };
    case "ArrowRight":
      return { kind: "move", by };
    case "+":
    case "=":
      return { kind: "zoom", factor: 0.5 };
    case "-":
    case "_":
      return { kind: "zoom", factor: 2 };
    case "PageUp":
      return { kind: "shift", share: -0.5 };
    case "PageDown":
      return { kind: "shift", share: 0.5 };
    case "Enter":
      return { kind: "pick" };
    case "Escape":
      return { kind: "leave" };
    default:
      return null;
  }
}

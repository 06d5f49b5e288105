// Things in a row, as a sentence has them.

/** `a`, `a and b`, `a, b and c`. */
export function listed(items: readonly string[], last: "and" | "or" = "and"): string {
  if (items.length < 2) return items.join("");
  return `${items.slice(0, -1).join(", ")} ${last} ${items[items.length - 1]}`;
}

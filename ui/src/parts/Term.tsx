// For how long an order holds.

export const TERMS = [
  ["10m", "10 minutes"],
  ["1h", "an hour"],
  ["8h", "8 hours"],
  ["1d", "a day"],
  ["", "until I end it"],
] as const;

interface Props {
  value: string;
  change: (term: string) => void;
  id: string;
  /** It must end by itself. */
  ends?: boolean;
}

export function Term({ value, change, id, ends = false }: Props) {
  return (
    <label class="term" for={id}>
      for{" "}
      <select id={id} value={value} onChange={(event) => change(event.currentTarget.value)}>
        {TERMS.filter(([term]) => !ends || term !== "").map(([term, words]) => (
          <option value={term}>{words}</option>
        ))}
      </select>
    </label>
  );
}

/** A term as an order has it. */
export const termOf = (value: string): string | undefined => (value === "" ? undefined : value);

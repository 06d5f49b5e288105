// A value that changes and those who want to know: all the state the pages share.

import { useEffect, useState } from "preact/hooks";

/** One value with its readers. */
export class Cell<T> {
  private readers = new Set<(value: T) => void>();

  constructor(private held: T) {}

  get value(): T {
    return this.held;
  }

  set(value: T): void {
    if (value === this.held) return;
    this.held = value;
    for (const reader of [...this.readers]) reader(value);
  }

  /** Calls `reader` at each change until the returned function is called. */
  watch(reader: (value: T) => void): () => void {
    this.readers.add(reader);
    return () => void this.readers.delete(reader);
  }
}

/** The value of a cell in a component, drawn anew when it changes. */
export function useCell<T>(cell: Cell<T>): T {
  const [value, setValue] = useState(() => cell.value);
  useEffect(() => {
    setValue(() => cell.value);
    return cell.watch((next) => setValue(() => next));
  }, [cell]);
  return value;
}

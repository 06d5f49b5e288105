// Numbers with their units, as short as they are true.

/** A thin space that does not break: between groups of digits. */
const THIN = "\u202f";
/** A space that does not break: before a unit. */
const NB = "\u00a0";

/** Bytes in decimal units: `1.2 MB`, `38 GB`. */
export const bytes = (count: number): string => scaled(count, ["B", "kB", "MB", "GB", "TB", "PB"]);

/** A rate in bits a second: `3.2 Mbit/s`. */
export const bits = (rate: number): string => scaled(rate, ["bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s"]);

function scaled(amount: number, units: string[]): string {
  let [value, unit] = [amount, 0];
  // What would be rounded to a thousand is one of the next unit.
  while (value >= 999.5 && unit + 1 < units.length) {
    value /= 1000;
    unit += 1;
  }
  const decimals = unit > 0 && value < 9.95 ? 1 : 0;
  return `${value.toFixed(decimals)}${NB}${units[unit]}`;
}

/** A round trip: `0.42 ms`, `8.1 ms`, `143 ms`, `1.2 s`. */
export function milliseconds(time: number): string {
  if (time < 0.995) return `${time.toFixed(2)}${NB}ms`;
  if (time < 99.95) return `${time.toFixed(1)}${NB}ms`;
  if (time < 999.5) return `${Math.round(time)}${NB}ms`;
  return `${(time / 1000).toFixed(1)}${NB}s`;
}

/** A round trip on a scale, where the ticks are round: `20 ms`. */
export const scale = (time: number): string => (time >= 1000 ? `${time / 1000}${NB}s` : `${Number(time.toFixed(2))}${NB}ms`);

/** A share from 0 to 1: `0 %`, `<0.1 %`, `0.4 %`, `12 %`. Nothing that is more than none reads as none. */
export function percent(share: number): string {
  const value = share * 100;
  if (value === 0) return `0${NB}%`;
  if (value < 0.1) return `<0.1${NB}%`;
  if (value < 9.95) return `${value.toFixed(1).replace(/\.0$/, "")}${NB}%`;
  return `${Math.round(value)}${NB}%`;
}

/** A count in groups of three. */
export const count = (number: number): string =>
  String(Math.round(number)).replace(/\B(?=(\d{3})+(?!\d))/g, THIN);

/** `1 device`, `2 devices`. */
export const several = (number: number, one: string, many = `${one}s`): string =>
  `${count(number)}${NB}${number === 1 ? one : many}`;

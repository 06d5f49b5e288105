// Times and spans as people say them: relative first, exact for those who ask.

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A span in its largest unit, with the next one below while that says something: `41 min`, `2 h 10 min`, `3 days`. */
export function span(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 2 * MINUTE) return `${whole} s`;
  if (whole < HOUR) return `${Math.round(whole / MINUTE)} min`;
  if (whole < DAY) return two(Math.round(whole / MINUTE), 60, "h", "min");
  if (whole < 10 * DAY) return days(Math.floor(Math.round(whole / HOUR) / 24), Math.round(whole / HOUR) % 24);
  return `${Math.round(whole / DAY)} days`;
}

function two(amount: number, size: number, large: string, small: string): string {
  const rest = amount % size;
  return `${Math.floor(amount / size)} ${large}${rest > 0 ? ` ${rest} ${small}` : ""}`;
}

function days(count: number, hours: number): string {
  return `${count} ${count === 1 ? "day" : "days"}${hours > 0 && count < 3 ? ` ${hours} h` : ""}`;
}

/** How long ago, in one unit, `just now` below five seconds. Times a little in the future are those of a clock that differs. */
export function ago(then: Date | string, now: number): string {
  const seconds = (now - new Date(then).getTime()) / 1000;
  if (Number.isNaN(seconds)) return "at an unknown time";
  if (seconds < 5) return "just now";
  if (seconds < 100) return `${Math.floor(seconds)} s ago`;
  if (seconds < 100 * MINUTE) return `${Math.floor(seconds / MINUTE)} min ago`;
  if (seconds < 2 * DAY) return `${Math.floor(seconds / HOUR)} h ago`;
  return `${Math.floor(seconds / DAY)} days ago`;
}

/** For how long, as a sentence without its full stop. */
export function lasting(since: string, now: number): string {
  const seconds = (now - new Date(since).getTime()) / 1000;
  if (Number.isNaN(seconds)) return "Since an unknown time";
  return seconds < 2 ? "Since just now" : `For ${span(seconds)}`;
}

/** When a term like `10m`, `8h` or `1d` that begins now will be over; null for one that has no end. */
export function ends(term: string, now: number): string | null {
  const [, count, unit] = /^(\d+)([mhd])$/.exec(term) ?? [];
  const length = unit === "m" ? MINUTE : unit === "h" ? HOUR : unit === "d" ? DAY : null;
  return length === null ? null : brief(new Date(now + Number(count) * length * 1000), now);
}

/** The hour to the second: `14:21:07`. */
export function clock(time: Date): string {
  return `${pad(time.getHours())}:${pad(time.getMinutes())}:${pad(time.getSeconds())}`;
}

/** The day and hour as short as they are clear at `now`: `14:21`, `Tue 14:21`, `3 Oct 14:21`, `3 Oct 2025`. */
export function brief(time: Date, now: number): string {
  const hour = `${pad(time.getHours())}:${pad(time.getMinutes())}`;
  const today = new Date(now);
  if (sameDay(time, today)) return hour;
  const seconds = (now - time.getTime()) / 1000;
  if (seconds > 0 && seconds < 6 * DAY) return `${WEEKDAYS[time.getDay()]} ${hour}`;
  if (Math.abs(seconds) < 300 * DAY) return `${day(time)} ${hour}`;
  return `${day(time)} ${time.getFullYear()}`;
}

/** The day: `22 Nov`. */
export function day(time: Date): string {
  return `${time.getDate()} ${MONTHS[time.getMonth()]}`;
}

export function month(time: Date): string {
  return MONTHS[time.getMonth()] ?? "";
}

/** Everything, with the zone's distance from UTC: `Sun 22 Nov 2026, 14:21:07 (UTC+1)`. */
export function exact(when: Date | string): string {
  const time = new Date(when);
  if (Number.isNaN(time.getTime())) return "an unknown time";
  return `${WEEKDAYS[time.getDay()]} ${day(time)} ${time.getFullYear()}, ${clock(time)} (${zone(time)})`;
}

function zone(time: Date): string {
  const minutes = -time.getTimezoneOffset();
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  if (minutes === 0) return "UTC";
  return `UTC${minutes < 0 ? "−" : "+"}${hours}${rest > 0 ? `:${pad(rest)}` : ""}`;
}

export function sameDay(a: Date, b: Date): boolean {
  return a.getFullYear() === b.getFullYear() && a.getMonth() === b.getMonth() && a.getDate() === b.getDate();
}

const pad = (number: number): string => String(number).padStart(2, "0");
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const WEEKDAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

/**
 * Three spellings of a time span: google.protobuf.Duration (seconds and nanoseconds), the Gateway API's text (`1h30m`),
 * and the milliseconds that this code counts in.
 */

/** As decoded: 64-bit integers are text. Encoding takes the same form. */
export interface ProtoDuration {
  readonly seconds: string;
  readonly nanos: number;
}

/** The longest delay that a timer of Node holds (24.8 days); a longer one would fire at once. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/** ±10,000 years, the bound that google.protobuf.Duration sets itself. */
const MAX_SECONDS = 315_576_000_000;

const UNIT_MS = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 } as const;

/** The greatest text: five digits for each unit. */
const MAX_GATEWAY_MS = 99_999 * (UNIT_MS.h + UNIT_MS.m + UNIT_MS.s + UNIT_MS.ms);

/** What is below a millisecond becomes the fraction, so that a timeout of 100 µs does not become 0, which means none. */
export function durationToMs(duration: ProtoDuration): number {
  return Number(duration.seconds) * 1000 + duration.nanos / 1_000_000;
}

/** For what a timer waits: a longer span counts as the longest that one holds, so that it does not end at once. */
export function timerMs(duration: ProtoDuration): number {
  return Math.min(durationToMs(duration), MAX_TIMER_MS);
}

/** Exact for whole milliseconds; a fraction is rounded to nanoseconds. Throws a RangeError beyond ±10,000 years. */
export function msToDuration(ms: number): { seconds: string; nanos: number } {
  if (!(Math.abs(ms) <= MAX_SECONDS * 1000)) {
    throw new RangeError(`not a duration: ${ms} ms`);
  }
  const whole = Math.trunc(ms);
  let seconds = Math.trunc(whole / 1000);
  let nanos = (whole % 1000) * 1_000_000 + Math.round((ms - whole) * 1_000_000);
  if (Math.abs(nanos) >= 1_000_000_000) {
    seconds += Math.sign(nanos);
    nanos = 0;
  }
  // Without the addition a zero that came from a negative number would keep its sign.
  return { seconds: String(seconds + 0), nanos: nanos + 0 };
}

/** The rules of duration.proto: bounded seconds, under one second of nanoseconds, both of one sign. */
export function isValidDuration({ seconds, nanos }: ProtoDuration): boolean {
  const count = Number(seconds);
  return (
    Number.isInteger(count) &&
    Math.abs(count) <= MAX_SECONDS &&
    Number.isInteger(nanos) &&
    Math.abs(nanos) < 1_000_000_000 &&
    (count === 0 || nanos === 0 || Math.sign(count) === Math.sign(nanos))
  );
}

/**
 * `10s`, `500ms`, `1h30m`: up to four numbers of up to five digits, each with its unit, added up. Null for any other text:
 * no signs, no fractions, no `µs`, no bare `0`.
 *
 * Source: Gateway API GEP-2257.
 */
export function parseGatewayDuration(text: string): number | null {
  if (!/^(?:[0-9]{1,5}(?:h|m|s|ms)){1,4}$/.test(text)) {
    return null;
  }
  let total = 0;
  for (const [, digits, unit] of text.matchAll(/([0-9]+)(ms|h|m|s)/g)) {
    total += Number(digits) * UNIT_MS[unit as keyof typeof UNIT_MS];
  }
  return total;
}

/**
 * The text of GEP-2257 with the fewest parts: 90,000 is `1m30s`, 0 is `0s`. Throws a RangeError for what has no such
 * text: fractions of a millisecond, negative spans, and more than about 11 years.
 */
export function formatGatewayDuration(ms: number): string {
  if (!Number.isInteger(ms) || ms < 0 || ms > MAX_GATEWAY_MS) {
    throw new RangeError(`no Gateway API duration: ${ms} ms`);
  }
  let rest = ms;
  let text = '';
  for (const [unit, unitMs] of Object.entries(UNIT_MS)) {
    // Hours have no unit above them to carry into, and no more than five digits.
    const count = Math.min(Math.floor(rest / unitMs), 99_999);
    rest -= count * unitMs;
    if (count > 0) {
      text += `${count}${unit}`;
    }
  }
  return text === '' ? '0s' : text;
}

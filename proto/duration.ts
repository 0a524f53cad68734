/** Two spellings of a time span: google.protobuf.Duration (seconds and nanoseconds), and the milliseconds of this code. */

/** As decoded: 64-bit integers are text. Encoding takes the same form. */
export interface ProtoDuration {
  readonly seconds: string;
  readonly nanos: number;
}

/** The longest delay that a timer of Node holds (24.8 days); a longer one would fire at once. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/** ±10,000 years, the bound that google.protobuf.Duration sets itself. */
const MAX_SECONDS = 315_576_000_000;

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

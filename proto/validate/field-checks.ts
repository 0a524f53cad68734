/** Checks of single fields that many messages share. Each reports at the path it is given and goes on. */
import type { ProtoDuration } from '../duration.ts';
import { durationToMs, isValidDuration } from '../duration.ts';
import type { Path, Violations } from '../violation.ts';

/** Longer than any name that either plane makes. Names stand in logs and in metrics. */
const MAX_NAME_LENGTH = 1024;

/** A name of something: there, of bounded length, and without control characters. */
export function requireName(name: string, at: Path, violations: Violations): void {
  if (name === '') {
    violations.add(at, 'is required');
  } else if (name.length > MAX_NAME_LENGTH) {
    violations.add(at, `is longer than ${MAX_NAME_LENGTH} characters`);
  } else if (/\p{Cc}/u.test(name)) {
    violations.add(at, 'holds a control character');
  }
}

/** Reports the second and every further one of equal names. Empty names are not compared. */
export function requireUnique(names: readonly string[], pathOf: (index: number) => Path, violations: Violations): void {
  const first = new Map<string, number>();
  for (const [index, name] of names.entries()) {
    const earlier = first.get(name);
    if (name !== '' && earlier !== undefined) {
      violations.add(pathOf(index), `is the same as ${pathOf(earlier)}`);
    } else {
      first.set(name, index);
    }
  }
}

/** Absent is fine. Any length is: what is longer than a timer holds is as good as for ever (`timerMs`). */
export function checkDuration(
  duration: ProtoDuration | null,
  at: Path,
  violations: Violations,
  { minMs = 0 }: { minMs?: number } = {},
): void {
  if (duration === null) {
    return;
  }
  if (!isValidDuration(duration)) {
    violations.add(at, `is not a duration: ${duration.seconds} s and ${duration.nanos} ns`);
  } else if (durationToMs(duration) < minMs) {
    violations.add(at, `must be at least ${minMs} ms, and is ${durationToMs(duration)} ms`);
  }
}

/** A wrapped integer; absent is fine. */
export function checkUInt32(
  wrapped: { readonly value: number } | null,
  at: Path,
  violations: Violations,
  { min, max = 2 ** 32 - 1 }: { min: number; max?: number },
): void {
  if (wrapped !== null && (wrapped.value < min || wrapped.value > max)) {
    violations.add(at, `must be between ${min} and ${max}, and is ${wrapped.value}`);
  }
}

/** envoy.type.v3.Percent; absent is fine. Written so that NaN fails it too. */
export function checkPercent(
  percent: { readonly value: number | string } | null,
  at: Path,
  violations: Violations,
): void {
  if (percent !== null && !(Number(percent.value) >= 0 && Number(percent.value) <= 100)) {
    violations.add(at, `must be between 0 and 100, and is ${percent.value}`);
  }
}

export function requireOneOf<Value extends string>(
  value: Value | undefined,
  allowed: readonly Value[],
  at: Path,
  violations: Violations,
): void {
  if (value === undefined || !allowed.includes(value)) {
    const choices = allowed.map((choice) => choice || 'empty').join(' or ');
    violations.add(at, `must be ${choices}, and is ${value || 'not set'}`);
  }
}

/**
 * Fields that are in the subset for the sake of other clients. The sidecar has no such behaviour, so it refuses a value
 * that asks for it instead of ignoring it. What an absent field decodes to is fine.
 */
export function refuse<Message extends object>(
  message: Message,
  fields: readonly (keyof Message & string)[],
  at: Path,
  violations: Violations,
): void {
  for (const field of fields) {
    if (isSet(message[field])) {
      violations.add(at.field(field), 'is not supported by the sidecar');
    }
  }
}

function isSet(value: unknown): boolean {
  if (Array.isArray(value)) {
    return value.length > 0;
  }
  if (typeof value === 'object' && value !== null) {
    // A wrapper that holds the zero of its type says what the absent field says.
    return !('value' in value) || isSet(value.value);
  }
  return value !== undefined && value !== null && value !== false && value !== 0 && value !== '' && value !== '0';
}

import { z } from 'zod';

/** Reports one fault at a path relative to the checked object. */
export type Report = (path: readonly (string | number)[], message: string) => void;

/**
 * A rule about several fields of one object, for `schema.check(…)`.
 *
 * It runs unless one of the fields it reads is itself faulty: zod's own refinements stay silent as soon as anything in the
 * object is wrong, which would show a user one fault per attempt instead of all of them.
 */
export function crossCheck<T extends object>(
  reads: readonly (keyof T & string)[],
  rule: (value: T, report: Report) => void,
): z.core.$ZodCheck<T> {
  const check: z.core.$ZodCheck<T> = new z.core.$ZodCheck({
    check: 'custom',
    // a value that is no object at all has its fault at the empty path, and no fields to compare
    when: ({ issues }) => issues.every(({ path }) => path?.length && !reads.includes(path[0] as keyof T & string)),
  });
  check._zod.check = (payload) => {
    rule(payload.value, (path, message) => {
      payload.issues.push({ code: 'custom', path: [...path], message, input: payload.value, continue: true });
    });
  };
  return check;
}

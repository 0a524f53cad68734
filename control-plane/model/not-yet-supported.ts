import { z } from 'zod';
import { alternatives } from './plain-words.ts';

const notSupported = 'is not supported by this version of Heddle';

/**
 * A field that belongs to the public API a document follows and that this version of Heddle does not act on.
 *
 * It is refused by name rather than ignored (a mirrored request that is not mirrored is a silent loss) and rather than
 * called unknown (the user spelled it right).
 */
export function notYetSupported(what: string) {
  return z
    .unknown()
    .refine((value) => value === undefined, `${what} ${notSupported}: remove it`)
    .optional()
    .meta({ refused: true }); // left out of the JSON Schema
}

/** A field that other gateways have here, and Heddle in a document of its own. */
export function elsewhere(field: string, where: string) {
  return z
    .unknown()
    .refine((value) => value === undefined, `${field} is no part of this document: write ${where}`)
    .optional()
    .meta({ refused: true }); // left out of the JSON Schema
}

/** A setting that other gateways have here, and that is what it is. */
export function fixed(field: string, how: string) {
  return z
    .unknown()
    .refine((value) => value === undefined, `${field} cannot be chosen, ${how}: remove it`)
    .optional()
    .meta({ refused: true }); // left out of the JSON Schema
}

/** A choice of words, some of which the public API has and this version of Heddle does not act on; those are refused by name. */
export function supportedWord<const Word extends string>(supported: readonly Word[], later: readonly string[]) {
  return z.enum(supported, {
    error: ({ input }) =>
      typeof input === 'string' && later.includes(input)
        ? `${input} ${notSupported}: write ${alternatives(supported)}`
        : undefined,
  });
}

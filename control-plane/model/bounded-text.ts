import { z } from 'zod';

/** A form that text has to have, and how to say so. */
export interface TextForm {
  readonly pattern: RegExp;
  readonly hint: string;
}

/** Half of a character (a lone surrogate), which JSON can hold and nothing that travels as UTF-8. */
const halfCharacter = /\p{Surrogate}/u;

/**
 * Text of at most `max` characters and, if one is given, of a form.
 *
 * The length is checked first and ends the check: a pattern never sees a longer text, whatever it would make of it.
 */
export function boundedText(what: string, max: number, form: TextForm | null = null) {
  const text = z
    .string({ error: form?.hint ?? 'write text; put numbers and booleans in quotes' })
    .max(max, { error: `${what} has at most ${max} characters`, abort: true })
    .refine((written) => !halfCharacter.test(String(written)), `${what} consists of whole Unicode characters`);
  return form === null ? text : text.regex(form.pattern, form.hint);
}

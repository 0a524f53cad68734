import type { z } from 'zod';
import type { Fault, ValuePath } from './document-violation.ts';
import { nearestWord } from './nearest-word.ts';

/**
 * What zod says about a value, in words for people who never heard of zod: what to write, not what was expected.
 *
 * Schemas carry their own words where they can do better; this is for the rest.
 */
export function plainWords(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return (toWrite[issue.expected] ?? `write a value of type ${issue.expected}`) + forgotten(issue.input);
    case 'invalid_value':
      return `write ${alternatives(issue.values.map(String))}`;
    case 'too_big':
      return `at most ${issue.maximum}`;
    case 'too_small':
      return `at least ${issue.minimum}`;
    default:
      return undefined; // every other code comes with words of its own
  }
}

const toWrite: Readonly<Record<string, string>> = {
  array: 'write a list: each item begins with "- "',
  object: 'write fields, one "name: value" each',
  record: 'write fields, one "name: value" each',
  string: 'write text; put numbers and booleans in quotes',
  number: 'write a number, without quotes',
  int: 'write a whole number, without quotes',
  boolean: 'write true or false',
};

/** `name:cart` is a text, where fields are wanted. */
function forgotten(input: unknown): string {
  return typeof input === 'string' && /^[A-Za-z]\w*:\S/.test(input) ? '; a space is missing after the colon' : '';
}

/** One fault for each issue of a parse made with `reportInput`. */
export function faultOf(issue: z.core.$ZodIssue): Fault {
  const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part));
  if (issue.input === undefined && issue.code !== 'custom' && path.length > 0) return missing(path);
  if (issue.code === 'invalid_key') {
    return { path, at: 'key', message: issue.issues[0]?.message ?? issue.message, suggestion: null };
  }
  if (issue.code === 'invalid_value' && typeof issue.input === 'string') {
    const suggestion = nearestWord(issue.input, issue.values.map(String));
    const hint = suggestion === null ? '' : `; did you mean ${suggestion}?`;
    return { path, at: 'value', message: `${issue.message}${hint}`, suggestion };
  }
  const isQuoted = typeof issue.input === 'string' && /^\d+$/.test(issue.input);
  const hint = isQuoted && /\bnumber from \d/.test(issue.message) ? ', without quotes' : '';
  return { path, at: 'value', message: issue.message + hint, suggestion: null };
}

function missing(path: ValuePath): Fault {
  const field = path.at(-1);
  return { path, at: 'value', message: `missing field ${field}`, suggestion: null };
}

/** `a, b or c` */
export function alternatives(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

import { createRequire } from 'node:module';
import type { Matcher } from 're2js';
import { patternParts } from './pattern-parts.ts';

/**
 * Patterns that users write, as RE2 reads them: matching takes time in proportion to the text, whatever the pattern. The
 * regular expressions of JavaScript itself are never given a pattern from outside, since one such as `(a+)+b` holds them
 * up for years.
 *
 * The library (250 kB of code) is loaded with the first pattern; a sidecar without patterns never has it in memory.
 */

/** Of a pattern, in characters: Gateway API's bound for the value of a header match, the longest there is. */
export const MAX_PATTERN_LENGTH = 4096;

/**
 * Instructions of a compiled pattern. At this bound a text of 8 kB takes about 10 ms the first time and 0.2 ms later;
 * at ten times as many, a quarter of a second. Envoy refuses beyond 100 unless told otherwise
 * (`re2.max_program_size.error_level`), which is too few for two UUIDs in a path.
 */
export const MAX_PROGRAM_SIZE = 300;

/**
 * Steps of a pattern times characters of a text. Some patterns (`.*a.{14}b.{200}`) have more states than can be remembered, and
 * take about 80 ns for each of these: 20 ms at this bound, where 8 kB of text would take 0.2 s and hold up every other request.
 * A pattern of 20 steps still takes texts of 12 500 characters. A text beyond the bound does not match, and a path
 * beyond it takes no route behind the pattern (`RouteIndex`).
 */
export const MAX_STEPS = 250_000;

/**
 * Parts of a pattern before RE2 has made steps of them (`patternParts`): 2 to 5 ms of compiling at most, where an ordinary
 * pattern has fifty and takes 0.1 ms. More than steps, since branches that begin alike share theirs.
 */
export const MAX_PATTERN_PARTS = 1_000;

/**
 * What is kept of compiled patterns: room for two tables that are as large as can be (`routeRoom`), since each is checked,
 * compiled and put in force one after the other. The least recently used go. An ordinary pattern takes 10 KiB of memory, and 23
 * when it has matched something, so 1 000 are 10 to 23 MiB; the same that a table in force needs, which shares them.
 */
const MAX_KEPT = 2_250;
const MAX_KEPT_PARTS = 150_000;

export interface SafeRegex {
  /** Characters of the longest text that is tried. */
  readonly maxLength: number;
  /** Whether the pattern takes the whole text, as Envoy's `safe_regex` is meant; never a text that is too long for it. */
  matches(text: string): boolean;
  /** What it compiles to, and its groups in brackets, the whole not counted. */
  readonly steps: number;
  readonly groups: number;
  /** For `compileSubstitution`, which bounds what it spends: nothing here does. */
  search(text: string): Matcher;
}

type Compiled = SafeRegex | { readonly fault: string };

const kept = new Map<string, { readonly compiled: Compiled; readonly parts: number }>();
let keptParts = 0;

/** Why a pattern cannot be used and what to write instead, or null. */
export function regexFault(pattern: string): string | null {
  const compiled = compiledOf(pattern);
  return 'fault' in compiled ? compiled.fault : null;
}

/** `patternParts` of one that may be compiled; 0 for one that is refused before, and so costs nothing. */
export function regexParts(pattern: string): number {
  const known = kept.get(pattern);
  if (known !== undefined) return known.parts;
  if (pattern.length > MAX_PATTERN_LENGTH) return 0;
  const parts = patternParts(pattern);
  return typeof parts === 'number' && parts <= MAX_PATTERN_PARTS ? parts : 0;
}

/** Throws an Error that says why the pattern cannot be used. */
export function compileRegex(pattern: string): SafeRegex {
  const compiled = compiledOf(pattern);
  if ('fault' in compiled) throw new Error(`the pattern ${JSON.stringify(pattern.slice(0, 100))} ${compiled.fault}`);
  return compiled;
}

function compiledOf(pattern: string): Compiled {
  const known = kept.get(pattern);
  if (known !== undefined) {
    kept.delete(pattern);
    kept.set(pattern, known);
    return known.compiled;
  }
  if (pattern.length > MAX_PATTERN_LENGTH) return { fault: `has more than ${MAX_PATTERN_LENGTH} characters` };
  const parts = patternParts(pattern);
  // what is not compiled is as soon found out again as looked up
  if (typeof parts !== 'number') return parts;
  if (parts > MAX_PATTERN_PARTS) return { fault: tooManyParts(parts) };
  const compiled = compile(pattern);
  kept.set(pattern, { compiled, parts });
  keptParts += parts;
  for (const [oldest, entry] of kept) {
    if (kept.size <= MAX_KEPT && keptParts <= MAX_KEPT_PARTS) break;
    kept.delete(oldest);
    keptParts -= entry.parts;
  }
  return compiled;
}

function tooManyParts(parts: number): string {
  return `has ${parts} parts when counts in braces are written out, more than ${MAX_PATTERN_PARTS}: write smaller counts, such as [0-9]+ for [0-9]{1,500}`;
}

function compile(pattern: string): Compiled {
  if (pattern === '') return { fault: 'is empty, and would take no path and no value but the empty one' };
  // Texts of a request are bytes, one character each, and a pattern of others would compare what is not comparable.
  if (!/^[\x20-\x7e]*$/.test(pattern)) {
    return { fault: 'holds characters beyond visible ASCII: write them as the URL has them, such as %C3%A9 for é' };
  }
  const { RE2JS } = re2();
  try {
    const regex = RE2JS.compile(pattern);
    const size = regex.programSize();
    if (size > MAX_PROGRAM_SIZE) {
      return {
        fault: `compiles to ${size} steps, more than ${MAX_PROGRAM_SIZE}: write smaller counts in braces, such as [0-9]+ for [0-9]{1,500}`,
      };
    }
    const maxLength = Math.floor(MAX_STEPS / size);
    return {
      maxLength,
      matches: (text) => text.length <= maxLength && regex.testExact(text),
      steps: size,
      groups: regex.groupCount(),
      search: (text) => regex.matcher(text),
    };
  } catch (error) {
    const reason = (error as Error).message.replace(/^error parsing regexp: /, '').slice(0, 200);
    return { fault: backtracking(pattern) ?? `is not a pattern as RE2 reads it: ${reason}` };
  }
}

/** What other engines have and RE2 has not, because it takes going back: said in words, with the way out. */
function backtracking(pattern: string): string | null {
  const text = pattern.replaceAll(/\\[^1-9]/g, '');
  if (/\(\?<?[=!]/.test(text)) {
    return 'looks ahead or behind, which RE2 does not: write a rule for each case, the more specific one first';
  }
  return /\\[1-9]/.test(text) ? 'refers back to a group, which RE2 does not: write out what may stand there' : null;
}

type Library = typeof import('re2js');
let library: Library | null = null;

function re2(): Library {
  library ??= createRequire(import.meta.url)('re2js') as Library;
  return library;
}

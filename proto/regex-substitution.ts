import type { SafeRegex } from './safe-regex.ts';
import { compileRegex, MAX_STEPS, regexFault } from './safe-regex.ts';

/** Of a substitution, in characters, as it is written; Gateway API's bound for a path. */
export const MAX_SUBSTITUTION_LENGTH = 1024;

/** What a substitution may say of its own: visible ASCII without `?` and `#`, so that a path stays one. */
const ownText = /^[!"$->@-~]*$/;

/**
 * Puts something in place of everything in a text that a pattern takes.
 *
 * Matches are looked for from the left and do not overlap; the longest one is not preferred but the one that the pattern
 * prefers, and an empty one just behind another is passed over. What was put in is not looked at again.
 *
 * Source: RE2 `GlobalReplace`, which is what Envoy calls for `RegexMatchAndSubstitute`.
 */
export interface Substitution {
  /** Null where the text is too long to be searched, or the result would have more than `maxLength` characters. */
  replaceAll(text: string, maxLength: number): string | null;
}

/** Why the two cannot be used and what to write instead, or null. */
export function substitutionFault(
  pattern: string,
  substitution: string,
): { readonly field: 'pattern' | 'substitution'; readonly message: string } | null {
  const fault = regexFault(pattern);
  if (fault !== null) return { field: 'pattern', message: fault };
  const parsed = parse(substitution, compileRegex(pattern).groups);
  return 'fault' in parsed ? { field: 'substitution', message: parsed.fault } : null;
}

/** Throws an Error that says why the two cannot be used. */
export function compileSubstitution(pattern: string, substitution: string): Substitution {
  const regex = compileRegex(pattern);
  const parsed = parse(substitution, regex.groups);
  if ('fault' in parsed) throw new Error(`the substitution ${JSON.stringify(substitution)} ${parsed.fault}`);
  return new RegexSubstitution(regex, parsed.parts);
}

/** Texts as they are, and numbers of groups. */
type Part = string | number;

class RegexSubstitution implements Substitution {
  readonly #regex: SafeRegex;
  readonly #parts: readonly Part[];
  /** Steps for one character of a search: where groups are wanted the text of a match is read once more. */
  readonly #stepsPerCharacter: number;

  constructor(regex: SafeRegex, parts: readonly Part[]) {
    this.#regex = regex;
    this.#parts = parts;
    const wantsGroups = parts.some((part) => typeof part === 'number' && part > 0);
    this.#stepsPerCharacter = regex.steps * (wantsGroups ? 2 : 1);
  }

  /**
   * Each search may read all that is left of the text, whatever comes of it: `a.*b|a` in `aaaa…` is quadratic for RE2 too. So
   * every search counts as one of a text of that length, and all together may cost as much as one match may (`MAX_STEPS`).
   */
  replaceAll(text: string, maxLength: number): string | null {
    const found = this.#regex.search(text);
    let result = '';
    let at = 0;
    let lastEnd = -1;
    let steps = 0;
    while (at <= text.length) {
      steps += (text.length - at + 1) * this.#stepsPerCharacter;
      if (steps > MAX_STEPS || result.length > maxLength) return null;
      if (!found.find(at)) break;
      const start = found.start();
      const end = found.end();
      result += text.slice(at, start);
      if (start === end && start === lastEnd) {
        result += text.slice(at, at + 1);
        at++;
        continue;
      }
      for (const part of this.#parts) result += typeof part === 'string' ? part : (found.group(part) ?? '');
      at = end;
      lastEnd = end;
    }
    result += text.slice(at);
    return result.length > maxLength ? null : result;
  }
}

/** `\0` is the whole match, `\1` to `\9` are groups, and `\\` is one `\` (RE2 `CheckRewriteString`). */
function parse(substitution: string, groups: number): { readonly parts: readonly Part[] } | { readonly fault: string } {
  if (substitution.length > MAX_SUBSTITUTION_LENGTH) {
    return { fault: `has more than ${MAX_SUBSTITUTION_LENGTH} characters` };
  }
  const parts: Part[] = [];
  for (const [piece] of substitution.matchAll(/\\.?|[^\\]+/gs)) {
    if (!piece.startsWith('\\')) {
      if (!ownText.test(piece))
        return { fault: 'holds what no path may have: write spaces, ?, # and others as %20, %3F, %23' };
      parts.push(piece);
    } else if (piece === '\\\\') parts.push('\\');
    else if (!/^\\[0-9]$/.test(piece)) {
      return { fault: `holds ${piece}: write \\0 for all that matched and \\1 to \\9 for its groups` };
    } else {
      const group = Number(piece[1]);
      if (group > groups) return { fault: `refers to group ${group}, and the pattern has ${groups}` };
      parts.push(group);
    }
  }
  return { parts };
}

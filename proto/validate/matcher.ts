import type { HeaderMatcher__Output } from '../generated/envoy/config/route/v3/HeaderMatcher.ts';
import type { QueryParameterMatcher__Output } from '../generated/envoy/config/route/v3/QueryParameterMatcher.ts';
import type { RegexMatcher__Output } from '../generated/envoy/type/matcher/v3/RegexMatcher.ts';
import type { StringMatcher__Output } from '../generated/envoy/type/matcher/v3/StringMatcher.ts';
import { resourceRoom, roomInWords } from '../pattern-budget.ts';
import { regexFault } from '../safe-regex.ts';
import type { Path, Violations } from '../violation.ts';
import { requireName } from './field-checks.ts';
import { isHeaderName } from './http-text.ts';

const PSEUDO_HEADERS: ReadonlySet<string> = new Set([':method', ':path', ':authority', ':scheme']);
const MAX_PATTERN_LENGTH = 8192;

export function checkStringMatcher(matcher: StringMatcher__Output, at: Path, violations: Violations): void {
  switch (matcher.match_pattern) {
    case undefined:
      violations.add(at, 'needs a pattern');
      return;
    case 'safe_regex':
      checkRegex(matcher.safe_regex ?? null, at.field('safe_regex'), violations);
      return;
    default: {
      const pattern = matcher[matcher.match_pattern] ?? '';
      if (pattern === '' && matcher.match_pattern !== 'exact') {
        violations.add(at.field(matcher.match_pattern), 'is empty, which would match everything');
      } else if (pattern.length > MAX_PATTERN_LENGTH) {
        violations.add(at.field(matcher.match_pattern), `is longer than ${MAX_PATTERN_LENGTH} characters`);
      }
    }
  }
}

export function checkRegex(matcher: RegexMatcher__Output | null, at: Path, violations: Violations): void {
  const regex = matcher?.regex ?? '';
  if (!hasRoomFor(regex, at.field('regex'), violations)) return;
  const fault = regexFault(regex);
  if (fault !== null) violations.add(at.field('regex'), fault);
}

/** The first pattern for which the resource has no room is reported; it and those behind it are not to be looked at. */
export function hasRoomFor(pattern: string, at: Path, violations: Violations): boolean {
  const { patterns } = violations;
  if (patterns.isExceeded) return false;
  const hasRoom = patterns.take([pattern]);
  if (!hasRoom) violations.add(at, `is one too many: a resource has ${roomInWords(resourceRoom)}`);
  return hasRoom;
}

/** Without a specifier a matcher asks only that the header be there. */
export function checkHeaderMatcher(matcher: HeaderMatcher__Output, at: Path, violations: Violations): void {
  if (!isHeaderName(matcher.name) && !PSEUDO_HEADERS.has(matcher.name)) {
    violations.add(at.field('name'), `is not a header name: ${JSON.stringify(matcher.name.slice(0, 100))}`);
  }
  if (matcher.string_match) {
    checkStringMatcher(matcher.string_match, at.field('string_match'), violations);
  }
  if (matcher.range_match) {
    const { start, end } = matcher.range_match;
    if (BigInt(start) >= BigInt(end)) {
      violations.add(at.field('range_match'), `is empty: from ${start} up to and without ${end}`);
    } else if (!Number.isSafeInteger(Number(start)) || !Number.isSafeInteger(Number(end))) {
      violations.add(at.field('range_match'), 'is wider than 2^53');
    }
  }
}

/** As checkHeaderMatcher. */
export function checkQueryParameterMatcher(
  matcher: QueryParameterMatcher__Output,
  at: Path,
  violations: Violations,
): void {
  requireName(matcher.name, at.field('name'), violations);
  if (matcher.string_match) {
    checkStringMatcher(matcher.string_match, at.field('string_match'), violations);
  }
  if (matcher.present_match === false) {
    violations.add(at.field('present_match'), 'must be true: that a parameter is missing cannot be asked for');
  }
}

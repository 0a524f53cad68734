import type { HeaderMatcher__Output } from '../../proto/generated/envoy/config/route/v3/HeaderMatcher.ts';
import type { StringMatcher__Output } from '../../proto/generated/envoy/type/matcher/v3/StringMatcher.ts';
import { compileRegex } from '../../proto/safe-regex.ts';
import type { HeaderCondition } from '../route/header-matcher.ts';
import { HeaderMatcher } from '../route/header-matcher.ts';
import type { TextCondition } from '../route/string-matcher.ts';
import { StringMatcher } from '../route/string-matcher.ts';

export function compileHeader(matcher: HeaderMatcher__Output): HeaderMatcher {
  const { name, invert_match: invert, treat_missing_header_as_empty: missingIsEmpty } = matcher;
  return new HeaderMatcher(name, conditionOf(matcher), invert, missingIsEmpty);
}

function conditionOf(matcher: HeaderMatcher__Output): HeaderCondition {
  if (matcher.string_match) return { kind: 'string', matcher: compileString(matcher.string_match) };
  if (matcher.range_match) {
    return { kind: 'range', start: Number(matcher.range_match.start), end: Number(matcher.range_match.end) };
  }
  return { kind: matcher.present_match === false ? 'absent' : 'present' };
}

/** A pattern says itself whether case counts, by `(?i)`: `ignore_case` has no effect on it (Envoy). */
export function compileString(matcher: StringMatcher__Output): TextCondition {
  const kind = matcher.match_pattern;
  if (kind === 'safe_regex') return compileRegex(matcher.safe_regex?.regex ?? '');
  if (kind === undefined) throw new Error('a string matcher without a pattern of ours');
  return new StringMatcher(kind, matcher[kind] ?? '', matcher.ignore_case);
}

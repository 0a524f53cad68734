import type { HeaderMatcher__Output } from '../../proto/generated/envoy/config/route/v3/HeaderMatcher.ts';
import type { StringMatcher__Output } from '../../proto/generated/envoy/type/matcher/v3/StringMatcher.ts';
import type { HeaderCondition } from '../route/header-matcher.ts';
import { HeaderMatcher } from '../route/header-matcher.ts';
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

export function compileString(matcher: StringMatcher__Output): StringMatcher {
  const kind = matcher.match_pattern;
  if (kind === undefined || kind === 'safe_regex') throw new Error('a string matcher without a pattern of ours');
  return new StringMatcher(kind, matcher[kind] ?? '', matcher.ignore_case);
}

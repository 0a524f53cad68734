import { z } from 'zod';
import { isHiddenFromRoutes } from '../../proto/protected-headers.ts';
import { MAX_SUBSTITUTION_LENGTH, substitutionFault } from '../../proto/regex-substitution.ts';
import { MAX_PATTERN_LENGTH } from '../../proto/safe-regex.ts';
import { boundedText } from './bounded-text.ts';
import { crossCheck } from './cross-check.ts';
import { headerNameSchema } from './http-route-match.ts';

/** What of a substitution is no reference, as it may stand in a path (RFC 3986 `pchar` and `/`). */
const pathCharacters = /^(?:[-A-Za-z0-9/._~!&'()*+,;=:@]|%[0-9a-fA-F]{2})*$/;

const replaceRegexMatchSchema = z
  .object({
    /** RE2's, looked for anywhere in the path: write `^` and `$` where it is meant to begin or end it. */
    pattern: boundedText('a pattern', MAX_PATTERN_LENGTH),
    /** `\1` to `\9` are groups of the pattern and `\0` is all that it matched; '' takes it away. */
    substitution: boundedText('a substitution', MAX_SUBSTITUTION_LENGTH),
  })
  .check(
    crossCheck(['pattern', 'substitution'], ({ pattern, substitution }, report) => {
      const fault = substitutionFault(pattern, substitution);
      if (fault !== null) report([fault.field], `the ${fault.field} ${fault.message}`);
      else {
        const hint = textFault(substitution);
        if (hint !== null) report(['substitution'], hint);
      }
    }),
  );

function textFault(substitution: string): string | null {
  if (substitution.includes('\\\\')) return 'a path has no backslash';
  const text = substitution.replace(/\\[0-9]/g, '');
  if (/\$[0-9{]/.test(text)) return 'a group is written \\1 and not $1, and $ itself as %24';
  if (/%2f/i.test(text)) return 'a path does not contain "%2F"';
  return pathCharacters.test(text.replaceAll('$', '')) ? null : 'a path has only characters that a URL path may have';
}

const pathSchema = z.object({
  type: z.enum(['ReplaceRegexMatch'], {
    error: 'write ReplaceRegexMatch; ReplaceFullPath and ReplacePrefixMatch stand in a filter of type URLRewrite',
  }),
  replaceRegexMatch: replaceRegexMatchSchema,
});

const hostnameSchema = z
  .object({
    /**
     * `Header`: what the header says, after the rule's own changes; a request without it keeps its host. `Backend`: the name of
     * the backend that is drawn, of a Service its host in the mesh, of an ExternalService the host outside.
     */
    type: z.enum(['Header', 'Backend']),
    header: headerNameSchema
      .refine((name) => String(name).toLowerCase() !== 'host', 'Host is what is rewritten: name another header')
      .refine((name) => !isHiddenFromRoutes(String(name).toLowerCase()), 'routes never see this header')
      .optional(),
  })
  .check(
    crossCheck(['type', 'header'], ({ type, header }, report) => {
      if (type === 'Header' && header === undefined) report([], 'missing field header: type Header needs it');
      if (type === 'Backend' && header !== undefined) report(['header'], 'header does not go with type Backend');
    }),
  );

/**
 * What Gateway API's own URLRewrite cannot say: a path by pattern, a host by header or by backend.
 *
 * Source: Envoy Gateway `HTTPURLRewriteFilter`; Envoy `RouteAction.regex_rewrite`, `host_rewrite_header`. `Backend` is
 * what `auto_host_rewrite` does for names, for services too.
 */
export const routeFilterRewriteSchema = z
  .object({ hostname: hostnameSchema.optional(), path: pathSchema.optional() })
  .check(
    crossCheck(['hostname', 'path'], ({ hostname, path }, report) => {
      if (hostname === undefined && path === undefined) report([], 'write hostname, path or both');
    }),
  );

export type RouteFilterRewrite = z.output<typeof routeFilterRewriteSchema>;

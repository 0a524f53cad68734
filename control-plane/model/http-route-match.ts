import { z } from 'zod';
import { isHiddenFromRoutes } from '../../proto/protected-headers.ts';
import { boundedText } from './bounded-text.ts';
import { crossCheck } from './cross-check.ts';
import { reportRepeatedNames } from './repeated-names.ts';

/** Names of HTTP headers: RFC 9110 section 5.1 `token`, at most 256 characters. */
export const headerNameSchema = boundedText('a header name', 256, {
  pattern: /^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$/,
  hint: "a header name has letters, digits and !#$%&'*+-.^_`|~ only",
});

/**
 * Header values: visible ASCII with inner spaces and tabs (RFC 9110 section 5.5 without obs-text), at most 4096
 * characters. CR, LF and NUL can thus never come from a document into a message.
 */
export const headerValueSchema = boundedText('a header value', 4096, {
  pattern: /^[!-~]([\t -~]*[!-~])?$/,
  hint: 'a header value is visible ASCII without surrounding space; put numbers and booleans in quotes',
});

/** A path, or part of one; what is in it is checked beside the field that says what it is for. */
export const pathTextSchema = boundedText('a path', 1024);

/** RFC 3986 `pchar` and `/`, as Gateway API admits for exact and prefix matches. */
const pathCharacters = /^(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|%[0-9a-fA-F]{2})+$/;

/** What cannot occur in a normalized path, and so would never match. */
const neverInAPath = ['//', '/./', '/../', '%2f', '%2F', '#'];

/** Why a path cannot be matched or written, or `null`. */
export function pathFault(path: string): string | null {
  if (!path.startsWith('/')) return 'a path begins with "/"';
  for (const part of neverInAPath) {
    if (path.includes(part)) return `a path does not contain "${part}"`;
  }
  if (path.endsWith('/..') || path.endsWith('/.')) return 'a path does not end with "/." or "/.."';
  return pathCharacters.test(path) ? null : 'a path has only characters that a URL path may have';
}

const pathMatchSchema = z
  .object({
    /**
     * `Exact` compares the whole path; `PathPrefix` whole segments: `/a` matches `/a` and `/a/b`, not `/ab`.
     * `RegularExpression` is RE2's, and takes the whole path or nothing, as in Envoy and Istio; `patternFaults` checks it.
     */
    type: z.enum(['Exact', 'PathPrefix', 'RegularExpression']).default('PathPrefix'),
    value: pathTextSchema.default('/'),
  })
  .check(
    crossCheck(['type', 'value'], ({ type, value }, report) => {
      const fault = type === 'RegularExpression' ? null : pathFault(value);
      if (fault !== null) report(['value'], fault);
    }),
  );

/** `RegularExpression` is RE2's, and takes the whole value or nothing; `patternFaults` checks it. */
const textMatchType = z.enum(['Exact', 'RegularExpression']).default('Exact');

const headerMatchSchema = z.object({
  type: textMatchType,
  /** Compared without regard to case. */
  name: headerNameSchema.refine(
    (name) => !isHiddenFromRoutes(String(name).toLowerCase()),
    'this header is taken off a request before routes are looked at, so the match would never hold',
  ),
  /** Compared with regard to case; several header lines of one name count as one, joined by a comma. */
  value: headerValueSchema,
});

/** What can stand between the `=` and the next `&` of a query (RFC 3986 section 3.4). */
const queryText = /^[!"$%'-~]+$/;

/** Compared as the URL has them, with regard to case and without decoding, as Envoy does: `%20` is not `+`. */
const queryParamMatchSchema = z
  .object({
    type: textMatchType,
    /** Of several parameters of one name the first counts. */
    name: headerNameSchema.refine(
      (name) => !/[#&]/.test(String(name)),
      'no parameter of a URL has "#" or "&" in its name',
    ),
    value: boundedText('a value', 1024),
  })
  .check(
    crossCheck(['type', 'value'], ({ type, value }, report) => {
      if (type === 'Exact' && !queryText.test(value)) {
        report(['value'], 'write the value as it stands in the URL, such as a%20b for "a b"');
      }
    }),
  );

export const httpMethods = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH'] as const;

/** Conditions on headers, of which each is named once. */
export const headerMatchesSchema = z
  .array(headerMatchSchema)
  .max(16, 'a match has at most 16 headers')
  .default([])
  .check((payload) => {
    reportRepeatedNames(
      payload.value.map(({ name }) => name.toLowerCase()),
      (index, name) => {
        const message = `header ${name} is named twice`;
        payload.issues.push({ code: 'custom', path: [index, 'name'], message, input: payload.value });
      },
    );
  });

/** One set of conditions that must all hold. A match without conditions is every request. */
export const httpRouteMatchSchema = z
  .object({
    path: pathMatchSchema.default({ type: 'PathPrefix', value: '/' }),
    headers: headerMatchesSchema,
    queryParams: z.array(queryParamMatchSchema).max(16, 'a match has at most 16 query parameters').default([]),
    method: z.enum(httpMethods).optional(),
  })
  .check(
    crossCheck(['queryParams'], ({ queryParams }, report) => {
      reportRepeatedNames(
        queryParams.map(({ name }) => name),
        (index, name) => report(['queryParams', index, 'name'], `query parameter ${name} is named twice`),
      );
    }),
  );

export type HttpRouteMatch = z.output<typeof httpRouteMatchSchema>;

import { z } from 'zod';
import { boundedText } from './bounded-text.ts';
import { crossCheck } from './cross-check.ts';
import { headerNameSchema, httpMethods } from './http-route-match.ts';
import { reportRepeatedNames } from './repeated-names.ts';

/** `*`, `https://shop.example`, `https://*.shop.example:8443`, `https://*`. */
const originSchema = boundedText('an origin', 253, {
  pattern:
    /^(\*|[a-zA-Z][a-zA-Z0-9+.-]*:\/\/(\*|(\*\.)?[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?(\.[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?)*)(:[0-9]{1,5})?)$/,
  hint: 'write an origin such as https://shop.example, https://*.shop.example or "*"',
});

const anything = z.literal('*');
const maxAgeHint = 'write a whole number of seconds of at least 1';

/** `*` says everything, so nothing stands beside it. */
function aloneOrNone(field: 'allowOrigins' | 'allowMethods' | 'allowHeaders' | 'exposeHeaders') {
  return crossCheck<Partial<Record<typeof field, readonly string[]>>>([field], (value, report) => {
    const list = value[field] ?? [];
    if (list.includes('*') && list.length > 1) report([field], '"*" takes everything: write it alone');
    reportRepeatedNames(list, (index, name) => report([field, index], `${name} is named twice`));
  });
}

/**
 * Lets pages of other origins use a rule. The caller's sidecar answers preflights itself; a rule that matches a method other
 * than OPTIONS never sees one.
 *
 * Source: Gateway API v1 `HTTPCORSFilter` (GEP-1767), with its bounds.
 */
export const corsSchema = z
  .object({
    /** A `*` stands for one label or more of a host, or for every origin. None: no page of another origin may. */
    allowOrigins: z.array(originSchema).max(64, 'at most 64 origins').default([]),
    /** The page may send and be answered with cookies, certificates and `Authorization`. */
    allowCredentials: z.boolean().default(false),
    /** Beside GET, HEAD and POST, which browsers ask nobody about. */
    allowMethods: z
      .array(z.union([z.enum(httpMethods), anything]))
      .max(9, 'at most 9 methods')
      .default([]),
    allowHeaders: z.array(headerNameSchema).max(64, 'at most 64 headers').default([]),
    exposeHeaders: z.array(headerNameSchema).max(64, 'at most 64 headers').default([]),
    /** Seconds for which a browser may remember what a preflight was answered; 5 as in Gateway API and Fetch. */
    maxAge: z
      .number({ error: maxAgeHint })
      .int(maxAgeHint)
      .min(1, maxAgeHint)
      .max(2_147_483_647, 'at most 2147483647')
      .default(5),
  })
  .check(aloneOrNone('allowOrigins'))
  .check(aloneOrNone('allowMethods'))
  .check(aloneOrNone('allowHeaders'))
  .check(aloneOrNone('exposeHeaders'));

export type Cors = z.output<typeof corsSchema>;

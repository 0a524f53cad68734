import { z } from 'zod';
import { boundedText } from '../bounded-text.ts';
import { crossCheck } from '../cross-check.ts';
import { elsewhere, supportedWord } from '../not-yet-supported.ts';
import { tcpRateSchema } from './connection-rate.ts';

/** Seconds of the units of a rate. */
export const rateUnits = { Second: 1, Minute: 60, Hour: 3600, Day: 86_400 } as const;

const requestsHint = 'write a whole number from 1 to 4294967295';

const requestsSchema = z
  .number({ error: requestsHint })
  .int(requestsHint)
  .min(1, requestsHint)
  .max(4_294_967_295, requestsHint);

/** So many requests in each second, minute, hour or day, evenly; as many at once. */
const limitSchema = z.object({
  requests: requestsSchema,
  unit: supportedWord(['Second', 'Minute', 'Hour', 'Day'], ['Month', 'Year']),
});

/** So many requests in each second, minute, hour, day, month of 30 days, or year of 365; then the count begins anew. */
const globalLimitSchema = z.object({
  requests: requestsSchema,
  unit: z.enum(['Second', 'Minute', 'Hour', 'Day', 'Month', 'Year']),
});

const invertSchema = z.boolean({ error: 'write true or false' }).optional();

const headerSchema = z
  .object({
    /** `Distinct` counts each value for itself. `RegularExpression` is RE2's, and takes the whole value or nothing (`patternFaults`). */
    type: z.enum(['Exact', 'RegularExpression', 'Distinct']).default('Exact'),
    name: boundedText('a header name', 256, {
      pattern: /^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$/,
      hint: 'a header name has letters, digits and "-"',
    }),
    value: boundedText('a header value', 4096).optional(),
    /** Requests with any other value, and without the header. Envoy `expect_match`. */
    invert: invertSchema,
  })
  .check(
    crossCheck(['type', 'value', 'invert'], ({ type, value, invert }, report) => {
      if (type !== 'Distinct' && value === undefined) report([], 'missing field value');
      if (type === 'Distinct' && value !== undefined) report(['value'], 'Distinct counts every value: remove it');
      if (type === 'Distinct' && invert === true) report(['invert'], 'Distinct counts every value: remove it');
    }),
  );

/** Who calls, by the identity that its certificate proves. Callers without one fit no principal. */
const principalSchema = z
  .object({
    /** `Distinct` counts each caller for itself. */
    type: z.enum(['Exact', 'Distinct']).default('Exact'),
    value: boundedText('a principal', 2048, {
      pattern: /^(spiffe:\/\/)?[a-z0-9._-]+\/ns\/[a-z0-9-]+\/sa\/[a-z0-9.-]+$/,
      hint: 'write a SPIFFE id such as spiffe://cluster.local/ns/default/sa/web',
    }).optional(),
  })
  .check(
    crossCheck(['type', 'value'], ({ type, value }, report) => {
      if (type === 'Exact' && value === undefined) report([], 'missing field value');
      if (type === 'Distinct' && value !== undefined) report(['value'], 'Distinct counts every caller: remove it');
    }),
  );

const methodWord = /^[!#$%&'*+\-.^_`|~0-9A-Z]{1,32}$/;

const plainPath = /^\/[^?#]*$/;

const pathSchema = z
  .object({
    /** `RegularExpression` is RE2's, and takes the whole path, without the query, or nothing. */
    type: z.enum(['Exact', 'PathPrefix', 'RegularExpression']).default('PathPrefix'),
    value: boundedText('a path', 1024),
    /** All other paths. */
    invert: invertSchema,
  })
  .check(
    crossCheck(['type', 'value'], ({ type, value }, report) => {
      if (type !== 'RegularExpression' && !plainPath.test(value))
        report(['value'], 'a path begins with / and has no query');
    }),
  );

/** All that is said must hold. */
const selectorSchema = z
  .object({
    headers: z.array(headerSchema).max(16, 'at most 16 headers').optional(),
    methods: z
      .array(
        z.object({
          value: boundedText('a method', 32, { pattern: methodWord, hint: 'a method is written GET, POST …' }),
        }),
      )
      .min(1, 'name a method, or leave the field out')
      .max(16, 'at most 16 methods')
      .optional(),
    /**
     * Compared in the form that `pathNormalization` of the Mesh gives every path, by default Istio's BASE. Where the
     * application takes `//a` or `%2Fa` for `/a`, a caller goes past the limit with these unless the Mesh says `MERGE_SLASHES`
     * or `DECODE_AND_MERGE_SLASHES`.
     */
    path: pathSchema.optional(),
    principal: principalSchema.optional(),
    sourceCIDR: elsewhere('sourceCIDR', 'principal: between sidecars every address is that of a sidecar'),
  })
  .check(
    crossCheck(['headers', 'methods', 'path', 'principal'], ({ headers = [], methods, path, principal }, report) => {
      if (headers.length === 0 && methods === undefined && path === undefined && principal === undefined) {
        report([], 'says nothing: write headers, methods, path or principal, or leave clientSelectors out');
      }
    }),
  );

/** One of them must fit, and each has a count of its own; none is every request. */
const clientSelectorsSchema = z.array(selectorSchema).max(8, 'at most 8 selectors').optional();

/** Of all rules of a policy: each costs every request something. */
const MAX_SELECTORS = 64;

const ruleSchema = z.object({ clientSelectors: clientSelectorsSchema, limit: limitSchema });

const costHint = 'write a whole number from 1 to 1000000000';

/** What a request counts for. Default 1. Envoy Gateway's fields, as far as sidecars know what to put in. */
const costSchema = z.object({
  request: z.object({
    from: supportedWord(['Number'], ['Metadata']),
    /** At most 1 000 000 000 (Envoy `HitsAddend.number`). */
    number: z.number({ error: costHint }).int(costHint).min(1, costHint).max(1_000_000_000, costHint),
    metadata: elsewhere('metadata', 'number: a sidecar knows no metadata of requests'),
  }),
  response: elsewhere('response', 'request: what an answer costs is not known when its request is counted'),
});

const globalRuleSchema = z
  .object({
    clientSelectors: clientSelectorsSchema,
    limit: globalLimitSchema,
    cost: costSchema.optional(),
    /** All targets of the policy have one count instead of one each. Default false; nothing in the defaults of Mesh. */
    shared: z.boolean({ error: 'write true or false' }).optional(),
  })
  .check(
    crossCheck(['limit', 'cost'], ({ limit, cost }, report) => {
      if (cost !== undefined && cost.request.number > limit.requests) {
        report(['cost', 'request', 'number'], `more than the limit, ${limit.requests}: no request would go on`);
      }
    }),
  );

const localSchema = z
  .object({
    rules: z.array(ruleSchema).min(1, 'write a rule').max(16, 'at most 16 rules').optional(),
    tcp: tcpRateSchema.optional(),
  })
  .check(
    crossCheck(['rules', 'tcp'], ({ rules, tcp }, report) => {
      if (rules === undefined && tcp === undefined)
        report([], 'says nothing: write rules for requests, tcp for connections');
    }),
  );

/**
 * Requests beyond a rate are refused with 429. A request must be within every rule that is for it.
 *
 * `Local`: each instance of the service counts for itself, in its own sidecar, so that nobody can go past it: with three
 * instances three times as many go on. `Global`: the rate limit service that the Mesh names counts for all instances, each
 * port of a Service for itself; a request waits for its answer.
 *
 * A port with a limit, of rates or of bodies, takes nothing but HTTP unless it is declared TCP: what a sidecar does not take for
 * a request may be one to the application.
 *
 * Names as in Envoy Gateway's `rateLimit`; `principal` is ours.
 */
export const rateLimitSchema = z
  .object({
    type: z.enum(['Local', 'Global']),
    local: localSchema.optional(),
    global: z
      .object({ rules: z.array(globalRuleSchema).min(1, 'write a rule').max(16, 'at most 16 rules') })
      .optional(),
  })
  .check(
    crossCheck(['type', 'local', 'global'], ({ type, local, global }, report) => {
      const [named, other] = type === 'Local' ? (['local', 'global'] as const) : (['global', 'local'] as const);
      const written = { local, global };
      if (written[named] === undefined) report([], `missing field ${named}`);
      const selectors = written[named]?.rules?.map(({ clientSelectors }) => clientSelectors?.length || 1) ?? [];
      if (selectors.reduce((sum, count) => sum + count, 0) > MAX_SELECTORS) {
        report([named, 'rules'], `at most ${MAX_SELECTORS} selectors in all rules`);
      }
      if (written[other] !== undefined) report([other], `the type is ${type}: remove it, or write the other type`);
    }),
  );

export type RateLimitRule = z.output<typeof ruleSchema>;
export type GlobalRateLimitRule = z.output<typeof globalRuleSchema>;
export type RateLimitSelector = z.output<typeof selectorSchema>;

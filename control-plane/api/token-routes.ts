import { Hono } from 'hono';
import { z } from 'zod';
import { formatPath } from '../model/document-violation.ts';
import { labelNameSchema, labelsSchema } from '../model/metadata.ts';
import { plainValue } from '../model/plain-value.ts';
import { faultOf, plainWords } from '../model/plain-words.ts';
import { unknownFields } from '../model/unknown-fields.ts';
import { readBody } from './request-body.ts';
import { ApiError } from './status.ts';

/** Who may join with a token. */
export interface JoinTokenScope {
  readonly namespace: string;
  readonly service: string;
  readonly serviceAccount?: string;
  /** Labels beside `app` that may be registered, each with its one value. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** Makes a signed join token. @throws RangeError for a scope that no token can have */
export type MintToken = (scope: JoinTokenScope, ttlMs: number) => Promise<string>;

export interface JoinTokenAnswer {
  readonly token: string;
  /** RFC 3339. */
  readonly expiresAt: string;
}

const secondsHint = 'write a number of seconds from 1 to 31622400 (366 days)';

const tokenRequestSchema = z.object({
  service: labelNameSchema,
  namespace: labelNameSchema.default('default'),
  serviceAccount: labelNameSchema.optional(),
  labels: labelsSchema.optional(),
  /** Default one hour: a token is for the way from one terminal to another. */
  ttlSeconds: z
    .number({ error: secondsHint })
    .int(secondsHint)
    .min(1, secondsHint)
    .max(31_622_400, secondsHint)
    .default(3600),
});

export type JoinTokenRequest = z.input<typeof tokenRequestSchema>;

/** `POST /heddle/v1/tokens {service, namespace?, serviceAccount?, labels?, ttlSeconds?}` → `{token, expiresAt}`. */
export function tokenRoutes(mintToken: MintToken, now: () => number): Hono {
  const routes = new Hono();
  routes.post('/heddle/v1/tokens', async (context) => {
    const { text, format } = await readBody(context.req);
    if (format !== 'json') throw new ApiError('UnsupportedMediaType', 'send application/json');
    const { ttlSeconds, ...scope } = parseTokenRequest(text);
    const expiresAt = new Date(now() + ttlSeconds * 1000).toISOString();
    try {
      const token = await mintToken(withoutAbsent(scope), ttlSeconds * 1000);
      return context.json({ token, expiresAt } satisfies JoinTokenAnswer, 201, { 'cache-control': 'no-store' });
    } catch (error) {
      throw error instanceof RangeError ? new ApiError('Invalid', error.message, null, { cause: error }) : error;
    }
  });
  return routes;
}

function parseTokenRequest(text: string): z.output<typeof tokenRequestSchema> {
  let input: unknown;
  try {
    input = JSON.parse(text);
  } catch (cause) {
    throw new ApiError('BadRequest', 'the body is not JSON', null, { cause });
  }
  const { value, faults } = plainValue(input);
  const parsed = tokenRequestSchema.safeParse(value, { error: plainWords, reportInput: true });
  const all = [...faults, ...unknownFields(tokenRequestSchema, value), ...(parsed.error?.issues.map(faultOf) ?? [])];
  if (parsed.success && all.length === 0) return parsed.data;
  const causes = all.map(({ path, message }) => ({ reason: 'FieldValueInvalid', field: formatPath(path), message }));
  const [first] = causes;
  throw new ApiError('Invalid', `the request is invalid: ${first?.field}: ${first?.message}`, { causes });
}

function withoutAbsent({
  namespace,
  service,
  serviceAccount,
  labels,
}: Omit<z.output<typeof tokenRequestSchema>, 'ttlSeconds'>) {
  return {
    namespace,
    service,
    ...(serviceAccount === undefined ? {} : { serviceAccount }),
    ...(labels === undefined ? {} : { labels }),
  };
}

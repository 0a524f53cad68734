import { secretNames } from './secret-names.ts';
import { STATIC_ENTRIES, staticTable } from './static-table.ts';

/**
 * How a field with this name is sent.
 *
 * - `repeat`: indexed once it has been seen a second time, so that values which never come back evict nothing.
 * - `volatile`: never indexed, because the value is another one each time; a name that the static table lacks is.
 * - `secret`: never indexed, here or by anyone who forwards it (RFC 7541 section 7.1.3).
 * - `crumb`: a cookie, secret when it is so short that it could be guessed piece by piece.
 * - `drop`: says something of an HTTP/1 connection (RFC 9113 section 8.2.2) or has become a pseudo-header field.
 */
export type IndexPolicy = 'repeat' | 'volatile' | 'secret' | 'crumb' | 'drop';

/** What is known of a name before any message: its policy and its first index in the static table, 0 without one. */
export interface NameForm {
  readonly name: string;
  readonly policy: IndexPolicy;
  readonly staticIndex: number;
}

/** Cookies below this length are secret, as nghttp2 has it. */
export const GUESSABLE_COOKIE = 20;

/** The form of a lower-case name. */
export function nameForm(name: string): NameForm {
  const form = forms.get(name);
  if (form !== undefined && form.policy !== 'repeat') return form;
  if (secretNames.has(name)) return { name, policy: 'secret', staticIndex: form?.staticIndex ?? 0 };
  return form ?? { name, policy: 'repeat', staticIndex: 0 };
}

/** Index of the static entry that is exactly this field; 0 when there is none. */
export function staticIndexOf(name: string, value: string): number {
  return staticFields.get(`${name}: ${value}`) ?? 0;
}

const policies: Readonly<Record<Exclude<IndexPolicy, 'repeat'>, readonly string[]>> = {
  volatile: [
    'age',
    'content-length',
    'content-range',
    'date',
    'etag',
    'grpc-message',
    'grpc-timeout',
    'if-modified-since',
    'if-none-match',
    'last-modified',
    'location',
    'range',
    'traceparent',
    'tracestate',
    'x-envoy-expected-rq-timeout-ms',
    'x-envoy-upstream-service-time',
    'x-request-id',
  ],
  secret: ['authorization', 'proxy-authorization', 'set-cookie'],
  crumb: ['cookie'],
  drop: [
    'connection',
    'host',
    'http2-settings',
    'keep-alive',
    'proxy-connection',
    'te',
    'transfer-encoding',
    'upgrade',
  ],
};

const forms = new Map<string, NameForm>();
const staticFields = new Map<string, number>();
for (let index = STATIC_ENTRIES; index > 0; index--) {
  const { name = '', value = '' } = staticTable[index] ?? {};
  forms.set(name, { name, policy: 'repeat', staticIndex: index });
  if (value !== '') staticFields.set(`${name}: ${value}`, index);
}
for (const [policy, names] of Object.entries(policies)) {
  for (const name of names) {
    forms.set(name, { name, policy: policy as IndexPolicy, staticIndex: forms.get(name)?.staticIndex ?? 0 });
  }
}

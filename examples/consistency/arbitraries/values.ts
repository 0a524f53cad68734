import fc from 'fast-check';
import { mostly, rarely } from './frequency.ts';

// Names, times, header fields, paths and patterns, as odd as they may be.

const text = (alphabet: string, maxLength: number) =>
  fc.string({ unit: fc.constantFrom(...alphabet), minLength: 1, maxLength });

const letters = 'abcdefghijklmnopqrstuvwxyz';
export const label = fc.oneof(
  fc.constantFrom('a', '0', 'cart', 'a'.repeat(63), `x${'-'.repeat(61)}y`),
  text(letters, 63),
);
export const subdomain = fc.oneof(label, fc.constantFrom('a.b', 'cart.default', `${'a.'.repeat(126)}a`));
/** Every form of GEP-2257, from none at all to eleven years. */
export const duration = fc.oneof(
  fc.constantFrom(
    '0s',
    '0ms',
    '1ms',
    '500ms',
    '2s',
    '1h30m10s5ms',
    '99999h',
    '99999h99999h99999h99999h',
    '597h',
    '0h0m0s',
  ),
  fc.tuple(fc.nat(99_999), fc.constantFrom('h', 'm', 's', 'ms')).map(([count, unit]) => `${count}${unit}`),
);

export const positiveDuration = duration.filter((written) => /[1-9]/.test(written));
// biome-ignore format: a list of words
export const headerName = mostly(
  fc.oneof(
    fc.constantFrom(
      'x-user', 'X-User', 'Accept', 'Cookie', 'Server', 'Date', 'Location', 'x-request-id', 'x-envoy-attempt-count', 'set-cookie',
      "!#$%'*+-.^_`|~", '0', 'x'.repeat(256), 'via', 'x_heddle_peer', 'X-Forwarded-Client-Cert', 'traceparent',
    ),
    text(`${letters}0123456789-_`, 20),
  ),
  fc.constantFrom(
    'Host', 'host', 'Expect', 'HTTP2-Settings', 'x-heddle-peer', 'X-Heddle-Anything', 'Connection', 'te', 'Upgrade', 'Content-Length',
    'Keep-Alive', 'Proxy-Connection', 'Trailer', 'Transfer-Encoding', 'a&b', 'a#b', ':method', '', 'a b', 'x'.repeat(257),
  ),
);

// biome-ignore format: a list of words
export const headerValue = mostly(
  fc.oneof(
    fc.constantFrom(
      'a', '%', '%%', '100%', '50%%', '%REQ(x-user)%', '%START_TIME%', '%%REQ(:path)%%', '%AB%20', 'a,b', 'a, b', '"q"', 'a\tb', 'a  b',
      'x'.repeat(4096), '%'.repeat(4096), '{{}}', '\\',
    ),
    text('!"#$%&\'()*+,-./0123456789:;<=>?@ABC[\\]^_`abc{|}~', 40),
  ),
  fc.oneof(
    fc.constantFrom('Ünïcödé', '日本', '🜁', 'a\u00a0', 'a\u0000b', 'a\r\nx: y', ' a', 'a ', '', '\ud800', 'x'.repeat(4097)),
    fc.string({ minLength: 1, maxLength: 40 }),
  ),
);

const pathSegment = mostly(
  fc.oneof(
    fc.constantFrom('a', 'b', 'ab', '%20', '%AB%20', '%FF', "~!$&'()*+,;=:@", '...', '.a'),
    text(`${letters}0123456789-._~`, 12).filter((segment) => segment !== '.' && segment !== '..'),
  ),
  fc.constantFrom('', '.', '..', '%2F', '%2f', 'x'.repeat(1000), 'é', '%', '?', '#', '"', '<'),
);

export const path = fc
  .tuple(fc.array(pathSegment, { maxLength: 4 }), fc.constantFrom('', '/'))
  .map(([segments, end]) => (segments.length === 0 ? '/' : `/${segments.join('/')}${end}`));

/** Some of them the model refuses. */
export const pattern = mostly(
  fc.constantFrom('/a.*', '(?i)/A', '[a-z]{2,9}', '(a|b)+', '/users/[0-9]+', '.*', '\\d+', '(?:x){1,40}', '100%%?'),
  fc.constantFrom('[', '(a', 'a{1001}', '(a{1,30}){1,30}', '(?=a)', '(a)\\1', 'é', ''),
);

export const named = (name: fc.Arbitrary<string>, value: fc.Arbitrary<string>) =>
  fc.oneof(
    { arbitrary: fc.record({ name, value, type: rarely(fc.constant('Exact')) }), weight: 4 },
    { arbitrary: fc.record({ name, value: pattern, type: fc.constant('RegularExpression') }), weight: 1 },
  );

export const port = fc.oneof(fc.constantFrom(1, 80, 443, 8080, 65_535), fc.integer({ min: 1, max: 65_535 }));

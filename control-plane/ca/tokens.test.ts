import { decodeJwt, SignJWT, UnsecuredJWT } from 'jose';
import { beforeEach, describe, expect, it } from 'vitest';
import { generateKeyPair } from '../../certs/key-pair.ts';
import { JoinTokens, maxTokenTtlMs } from './tokens.ts';

const key = generateKeyPair().privateKey;
const minuteMs = 60_000;

describe('JoinTokens', () => {
  let nowMs: number;
  const tokensOf = (differing: { key?: typeof key; trustDomain?: string } = {}) =>
    new JoinTokens({
      key,
      trustDomain: 'cluster.local',
      rootFingerprintHex: 'ab'.repeat(32),
      address: () => '10.0.0.1:15012',
      now: () => nowMs,
      ...differing,
    });
  const scope = { namespace: 'default', service: 'cart', labels: { version: 'v1' } };

  beforeEach(() => {
    nowMs = Date.parse('2026-01-01T00:00:00Z');
  });

  it('verifies what it minted; the service account is the service', async () => {
    const token = await tokensOf().mint(scope, 10 * minuteMs);
    expect(await tokensOf().verify(token)).toEqual({
      ...scope,
      serviceAccount: 'cart',
      tokenId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      expiresAtMs: nowMs + 10 * minuteMs,
    });
  });

  it('tells a sidecar that cannot verify yet where to go and which root to find there', async () => {
    expect(decodeJwt(await tokensOf().mint(scope))).toMatchObject({
      iss: 'cluster.local',
      ns: 'default',
      svc: 'cart',
      sa: 'cart',
      addr: '10.0.0.1:15012',
      root: 'ab'.repeat(32),
    });
  });

  it('refuses a token one minute, for clocks that differ, after it expired', async () => {
    const token = await tokensOf().mint(scope, 10 * minuteMs);
    nowMs += 10 * minuteMs + 59_000;
    await tokensOf().verify(token);
    nowMs += 1_000;
    await expect(tokensOf().verify(token)).rejects.toThrow('the token expired at 2026-01-01T00:10:00.000Z');
  });

  const signed = (alg: string, signingKey: Parameters<SignJWT['sign']>[0], claims: object = {}) =>
    new SignJWT({ ns: 'default', svc: 'cart', sa: 'cart', labels: {}, ...claims })
      .setProtectedHeader({ alg, typ: 'heddle-join+jwt' })
      .setIssuer('cluster.local')
      .setAudience('heddle-join')
      .setExpirationTime('1000y')
      .setJti('x')
      .sign(signingKey);

  it.each([
    ['another key', /signed by another key/, () => tokensOf({ key: generateKeyPair().privateKey }).mint(scope)],
    ['another trust domain', /for trust domain "b\.example"/, () => tokensOf({ trustDomain: 'b.example' }).mint(scope)],
    [
      'algorithm none',
      /malformed|not signed with ES256/,
      async () => new UnsecuredJWT({ ns: 'default', svc: 'cart', sa: 'cart', labels: {} }).encode(),
    ],
    ['a shared secret', /not signed with ES256/, () => signed('HS256', Buffer.alloc(32, 1))],
    ['names that are none', /names no namespace/, () => signed('ES256', key, { ns: '../etc' })],
    ['labels that are none', /names no namespace/, () => signed('ES256', key, { labels: { version: 1 } })],
    ['no token', /malformed/, async () => 'not a token'],
    ['an empty text', /malformed/, async () => ''],
    ['a text too long', /10000 characters/, async () => 'x'.repeat(10_000)],
  ])('refuses %s, and says why', async (_what, reason, make) => {
    await expect(tokensOf().verify(await make())).rejects.toThrow(reason);
  });

  it('refuses another kind of token that was signed with its own key', async () => {
    const other = await new SignJWT({ ns: 'default' })
      .setProtectedHeader({ alg: 'ES256', typ: 'heddle-join+jwt' })
      .setIssuer('cluster.local')
      .setAudience('something else')
      .setExpirationTime('1000y')
      .setJti('x')
      .sign(key);
    await expect(tokensOf().verify(other)).rejects.toThrow('the token is no join token: claim aud check_failed');
  });

  it('refuses a token that was changed', async () => {
    const [header = '', payload = '', signature = ''] = (await tokensOf().mint(scope)).split('.');
    const claims = { ...decodeJwt(`${header}.${payload}.${signature}`), svc: 'web' };
    const changed = Buffer.from(JSON.stringify(claims)).toString('base64url');
    await expect(tokensOf().verify(`${header}.${changed}.${signature}`)).rejects.toThrow(/another key/);
  });

  it.each([
    [{ namespace: 'Default', service: 'cart' }, minuteMs, 'namespace "Default" is not a DNS label'],
    [{ namespace: 'default', service: 'a/b' }, minuteMs, 'service "a/b" is not a DNS label'],
    [{ namespace: 'heddle-system', service: 'cart' }, minuteMs, "namespace heddle-system is the control plane's own"],
    [scope, 0, 'a token lives between 1 second and 366 days'],
    [scope, maxTokenTtlMs + 1, 'a token lives between'],
    [scope, Number.NaN, 'a token lives between'],
    [{ ...scope, labels: { a: 'x'.repeat(9_000) } }, minuteMs, 'it has too many labels'],
  ])('does not mint %j for %d ms', async (wanted, ttlMs, reason) => {
    await expect(tokensOf().mint(wanted, ttlMs)).rejects.toThrow(reason);
  });
});

import { describe, expect, it } from 'vitest';
import { checkDocument } from './check-document.ts';
import { formatPath } from './document-violation.ts';
import { effectiveSession, sessionPersistenceSchema } from './session-persistence.ts';

function faultsOf(sessionPersistence: object): string[] {
  const { faults } = checkDocument({
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name: 'cart' },
    spec: {
      parentRefs: [{ group: '', kind: 'Service', name: 'cart' }],
      rules: [{ backendRefs: [{ name: 'cart', port: 80 }], sessionPersistence }],
    },
  });
  return faults.map(({ path, message }) => `${formatPath(path)}: ${message}`.replace('spec.rules[0].', ''));
}

describe('sessionPersistenceSchema', () => {
  it.each([
    {},
    { type: 'Header', header: { name: 'x-session' } },
    { type: 'Cookie', sessionName: 'host' },
    { sessionName: 'cart', absoluteTimeout: '1h', cookieConfig: { lifetimeType: 'Permanent' } },
    { absoluteTimeout: '1h', idleTimeout: '1h' },
    { type: 'Header', idleTimeout: '90s' },
    { type: 'Cookie', absoluteTimeout: '1h', cookie: { name: 'cart', path: '/cart', lifetimeType: 'Permanent' } },
  ])('accepts %j', (session) => {
    expect(faultsOf(session)).toEqual([]);
  });

  it.each<[object, string]>([
    [{ header: { name: 'x' } }, 'header: header needs type Header'],
    [{ type: 'Header', cookie: {} }, 'cookie: cookie needs type Cookie'],
    [{ sessionName: 'a', cookie: { name: 'b' } }, 'sessionName: the session has two names: write one of them'],
    [
      { cookie: { lifetimeType: 'Permanent' } },
      'absoluteTimeout: a permanent cookie needs absoluteTimeout: how long it lasts',
    ],
    [{ idleTimeout: '0s' }, 'idleTimeout: write a duration of at least 1s'],
    [{ idleTimeout: '2h', absoluteTimeout: '1h' }, 'idleTimeout: a session of 1h cannot be idle for 2h'],
    [{ cookie: { path: '/a;b' } }, 'cookie.path: a path begins with "/" and has no spaces and no ";"'],
    [{ absoluteTimeout: '10ms' }, 'absoluteTimeout: write a duration of at least 1s'],
    [
      { type: 'Header', header: { name: 'Transfer-Encoding' } },
      'header.name: this header belongs to the connection and cannot be changed by a rule',
    ],
    [
      { type: 'Header', sessionName: 'content-length' },
      'sessionName: this header belongs to the connection and cannot be changed by a rule',
    ],
  ])('reports what is wrong with %j', (session, fault) => {
    expect(faultsOf(session)).toEqual([`sessionPersistence.${fault}`]);
  });
});

describe('effectiveSession', () => {
  const effective = (written: object) => effectiveSession(sessionPersistenceSchema.parse(written), 'heddle-cart-0');

  it('is a cookie of the route’s name for the client’s session when nothing more is said', () => {
    const endless = { isPermanent: false, absoluteMs: 0, idleMs: 0 };
    expect(effective({})).toEqual({ kind: 'cookie', name: 'heddle-cart-0', path: '/', ...endless });
    expect(effective({ absoluteTimeout: '1h' })).toMatchObject({ isPermanent: false, absoluteMs: 3_600_000 });
  });

  it('takes names and lifetimes from either form', () => {
    const lasting = { absoluteTimeout: '1h', cookieConfig: { lifetimeType: 'Permanent' } };
    expect(effective({ sessionName: 'a', ...lasting })).toMatchObject({
      name: 'a',
      isPermanent: true,
      absoluteMs: 3_600_000,
    });
    const header = { type: 'Header', sessionName: 'x-a', idleTimeout: '1m' };
    expect(effective(header)).toEqual({ kind: 'header', name: 'x-a', absoluteMs: 0, idleMs: 60_000 });
  });
});

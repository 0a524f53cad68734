import { describe, expect, it } from 'vitest';
import { InvalidJoinTokenError, readJoinToken } from './join-token.ts';

const claims = { iss: 'cluster.local', addr: 'cp.example:15012', root: 'AB'.repeat(32), exp: 1_800_000_000 };

function token(payload: unknown): string {
  return `e30.${Buffer.from(JSON.stringify(payload)).toString('base64url')}.c2ln`;
}

describe('readJoinToken', () => {
  it('reads address, root, trust domain and expiry, and takes white space around a token from a file', () => {
    const text = token(claims);
    expect(readJoinToken(` ${text}\n`)).toEqual({
      text,
      address: 'cp.example:15012',
      rootFingerprintHex: 'ab'.repeat(32),
      trustDomain: 'cluster.local',
      expiresAtMs: 1_800_000_000_000,
    });
  });

  it.each(['127.0.0.1:1', '[::1]:65535', 'localhost:15012'])('takes the address %s', (addr) => {
    expect(readJoinToken(token({ ...claims, addr })).address).toBe(addr);
  });

  it.each([
    ['an empty text', '', 'three parts'],
    ['two parts', 'a.b', 'three parts'],
    ['characters outside base64url', 'a.b+.c', 'three parts'],
    ['no JSON', 'a.b.c', 'not JSON'],
    ['a list', token([]), 'not an object'],
    ['null', token(null), 'not an object'],
    ['a very long text', 'a'.repeat(9_000), '9000 characters'],
    ['no trust domain', token({ ...claims, iss: 'Cluster Local' }), 'iss'],
    ['no address', token({ ...claims, addr: undefined }), 'addr'],
    ['an address without port', token({ ...claims, addr: 'cp.example' }), 'addr'],
    ['port 0', token({ ...claims, addr: 'cp.example:0' }), 'addr'],
    ['a port beyond 65535', token({ ...claims, addr: 'cp.example:65536' }), 'addr'],
    ['a URL for an address', token({ ...claims, addr: 'http://cp.example:15012' }), 'addr'],
    ['a short root', token({ ...claims, root: 'ab' }), 'root'],
    ['an expiry that is text', token({ ...claims, exp: '1800000000' }), 'exp'],
  ])('refuses %s and says why', (_, text, reason) => {
    const read = () => readJoinToken(text);
    expect(read).toThrow(InvalidJoinTokenError);
    expect(read).toThrow(reason);
  });

  it('never repeats a token in its message', () => {
    const text = token({ ...claims, root: 'not-a-root' });
    expect(() => readJoinToken(text)).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining(text.slice(10, 40)) }),
    );
  });
});

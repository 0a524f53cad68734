import { describe, expect, it } from 'vitest';
import { AdminTokens, adminTokenHash, newAdminToken } from './admin-tokens.ts';

describe('AdminTokens', () => {
  it('knows its tokens by their hashes alone', () => {
    const [first, second, stranger] = [newAdminToken(), newAdminToken(), newAdminToken()];
    const tokens = new AdminTokens([adminTokenHash(first), adminTokenHash(second)]);
    expect([first, second, stranger, ''].map((token) => tokens.includes(token))).toEqual([true, true, false, false]);
  });

  it('lets nobody in when there is no token', () => {
    expect(new AdminTokens([]).includes('')).toBe(false);
  });

  it('takes only what can be a SHA-256', () => {
    expect(() => new AdminTokens([Buffer.alloc(31)])).toThrow(RangeError);
  });

  it('makes tokens that a header can carry and nobody can guess', () => {
    expect(newAdminToken()).toMatch(/^heddle-admin-[A-Za-z0-9_-]{43}$/);
    expect(newAdminToken()).not.toBe(newAdminToken());
  });
});

import { describe, expect, it } from 'vitest';
import { hostRank, isPartOf, takesHost } from './hostnames.ts';

describe('takesHost', () => {
  it.each([
    { hostnames: [], host: 'api.example.com', takes: true },
    { hostnames: ['api.example.com'], host: 'api.example.com', takes: true },
    { hostnames: ['other.example.com', 'api.example.com'], host: 'api.example.com', takes: true },
    { hostnames: ['other.example.com'], host: 'api.example.com', takes: false },
    { hostnames: ['*.example.com'], host: 'api.example.com', takes: true },
    { hostnames: ['*.example.com'], host: 'v1.api.example.com', takes: true },
    { hostnames: ['*.example.com'], host: 'example.com', takes: false },
    { hostnames: ['*.example.com'], host: 'api-example.com', takes: false },
    { hostnames: ['*.example.com'], host: '*.example.com', takes: true },
    { hostnames: ['*.example.com'], host: '*.api.example.com', takes: true },
    { hostnames: ['*.api.example.com'], host: '*.example.com', takes: false },
    { hostnames: ['api.example.com'], host: '*.example.com', takes: false },
  ])('of $hostnames, $host: $takes', ({ hostnames, host, takes }) => {
    expect(takesHost(hostnames, host)).toBe(takes);
  });
});

describe('hostRank', () => {
  it('puts a name before a wildcard, the longer wildcard before the shorter, and silence last', () => {
    const ranks = [['a.b.example.com'], ['*.b.example.com'], ['*.example.com'], []].map((hostnames) =>
      hostRank(hostnames, 'a.b.example.com'),
    );
    expect(ranks).toEqual([...ranks].sort((a, b) => b - a));
    expect(new Set(ranks).size).toBe(4);
  });

  it('goes by the hostname that takes the host, and not by another one of the route', () => {
    expect(hostRank(['*.example.com', 'other.example.com'], 'a.example.com')).toBe(
      hostRank(['*.example.com'], 'a.example.com'),
    );
  });
});

describe('isPartOf', () => {
  it('is true of what is below a wildcard host, and not of the whole', () => {
    const below = ['a.example.com', '*.a.example.com', '*.example.com', 'example.com', 'a.example.net'];
    expect(below.filter((hostname) => isPartOf(hostname, '*.example.com'))).toEqual([
      'a.example.com',
      '*.a.example.com',
    ]);
  });
});

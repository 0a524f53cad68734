import { describe, expect, it } from 'vitest';
import { connectionFailure, isRefusal, unavailable } from './call-failure.ts';

describe('isRefusal', () => {
  it('tells a no from a control plane that is away', () => {
    expect([3, 7, 9, 16].every(isRefusal)).toBe(true);
    expect([0, 4, 13, unavailable].some(isRefusal)).toBe(false);
  });
});

describe('connectionFailure', () => {
  it.each([
    [
      'No connection established. Last error: Error: connect ECONNREFUSED 127.0.0.1:15012. Resolution note: ',
      'connect ECONNREFUSED 127.0.0.1:15012',
    ],
    ['No connection established. Last error: no TLS. Resolution note: none', 'no TLS'],
  ])('finds the cause in %j', (details, cause) => {
    expect(connectionFailure(details)).toBe(cause);
  });

  it('finds none in what a server said', () => {
    expect(connectionFailure('the join token is spent')).toBeNull();
  });
});

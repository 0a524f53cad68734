import { afterAll, describe, expect, it } from 'vitest';
import { setTransportKind, transportKind } from '../transport/open-transport.ts';

// everything that holds on the public transport holds on stream handles
setTransportKind('handle');
await import('./mesh-connection.test.ts');
await import('./serve-inbound.test.ts');
await import('./serve-outbound.test.ts');

describe('these suites', () => {
  it('have run on stream handles', () => expect(transportKind()).toBe('handle'));
});

afterAll(() => setTransportKind('socket'));

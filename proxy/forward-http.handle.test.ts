import { afterAll, describe, expect, it } from 'vitest';
import { setTransportKind, transportKind } from './transport/open-transport.ts';

// everything that holds on the public transport holds on stream handles: the same suites, once more
setTransportKind('handle');
await import('./forward-http.test.ts');
await import('./forward/http.flow.test.ts');
await import('./forward/http.idle.test.ts');
await import('./forward/http.upgrade.test.ts');
await import('./forward/http.websocket.test.ts');
await import('./http1/conformance.test.ts');

describe('these suites', () => {
  it('have run on stream handles', () => expect(transportKind()).toBe('handle'));
});

afterAll(() => setTransportKind('socket'));

import { once } from 'node:events';
import { connect } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { createTestMesh } from '../../certs/testing/test-identity.ts';
import { ALPN_HTTP1 } from '../../proto/names.ts';
import { holderOf } from '../testing/mesh-identity.ts';
import { CoarseClock } from '../transport/coarse-clock.ts';
import { setTransportKind, transportKind } from '../transport/open-transport.ts';
import type { Transport } from '../transport/transport.ts';
import { Listener } from './listener.ts';

const mesh = createTestMesh();

describe('a Listener with mutual TLS', () => {
  it.each(['handle', 'socket'] as const)('outlives connections that end while it cuts them: %s', async (kind) => {
    const before = transportKind();
    setTransportKind(kind);
    const transports: Transport[] = [];
    const listener = await Listener.listen({
      name: 'test',
      host: '127.0.0.1',
      port: 0,
      mesh: { identity: holderOf(mesh, 'cart'), alpnProtocols: [ALPN_HTTP1] },
      clock: new CoarseClock(),
      serve: ({ transport }) => {
        transports.push(transport);
        transport.startReading();
        transport.writeText('served');
      },
      onRefused: () => {},
    });
    const clients = Array.from({ length: 20 }, () => {
      const alpn = { ALPNProtocols: [ALPN_HTTP1], checkServerIdentity: () => undefined };
      return connect({ port: listener.port, host: '127.0.0.1', ...mesh.identity('web'), ca: mesh.bundlePem, ...alpn });
    });
    await Promise.all(clients.map((client) => once(client, 'data')));
    const gone = Promise.all(
      clients.map((client) =>
        once(
          client.on('error', () => {}),
          'close',
        ),
      ),
    );
    for (const client of clients) client.write('of no interest');
    const closed = listener.close(0);
    // the timer behind its own: in the very turn in which it cuts them
    setTimeout(() => {
      for (const transport of transports) transport.destroy();
    }, 0);
    await closed;
    await gone;
    expect(transports).toHaveLength(20);
    expect(listener.openSockets).toBe(0);
    setTransportKind(before);
  });
});

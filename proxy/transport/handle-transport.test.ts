import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { connect, createServer } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { createTestMesh } from '../../certs/testing/test-identity.ts';
import { handleSelfTest } from './handle-self-test.ts';
import { HandleTransport } from './handle-transport.ts';
import { describeTransport } from './transport.contract.ts';
import { describeTransportEnd } from './transport-end.contract.ts';

describeTransport('HandleTransport', (socket, raw) => new HandleTransport(socket, raw));
describeTransportEnd('HandleTransport', (socket, raw) => new HandleTransport(socket, raw));

describe('HandleTransport', () => {
  it('delivers full TLS records that come together as one piece, at most as large as its buffer', async () => {
    const mesh = createTestMesh();
    const server = createServer({ ...mesh.identity('cart'), noDelay: true });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const peer = connect({ port, host: '127.0.0.1', ca: mesh.bundlePem, checkServerIdentity: () => undefined });
    const [socket] = (await once(server, 'secureConnection')) as [TLSSocket];
    const transport = new HandleTransport(socket);
    const sent = randomBytes(400_000);
    const received: Buffer[] = [];
    await new Promise<void>((resolve) => {
      transport.setHandler({
        onBytes: (buffer, length) => received.push(Buffer.from(buffer.subarray(0, length))),
        onEnd: () => resolve(),
        onDrain() {},
        onClose() {},
      });
      peer.end(sent);
      transport.startReading();
    });
    server.close();
    const sizes = received.map(({ length }) => length);
    expect(Buffer.concat(received).equals(sent)).toBe(true);
    expect(Math.max(...sizes)).toBeGreaterThan(16_384);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(65_536);
  });
});

describe('handleSelfTest', () => {
  it('finds that stream handles work on this Node', async () => {
    expect(await handleSelfTest()).toBe('works');
  });
});

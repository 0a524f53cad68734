import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { IdentityHolder } from '../tls/mesh-identity.ts';
import { SessionCache } from '../tls/session-cache.ts';
import { ProbeTarget } from './probe-target.ts';

describe('ProbeTarget', () => {
  const server = createServer((socket) => socket.on('error', () => {}));

  beforeAll(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });

  afterAll(() => void server.close());

  const targetOf = (mesh: ConstructorParameters<typeof ProbeTarget>[0]['mesh']) =>
    new ProbeTarget(
      { address: '127.0.0.1', port: (server.address() as AddressInfo).port, mesh },
      new IdentityHolder(),
      new SessionCache(),
    );
  const accepted = async () => ((await once(server, 'connection')) as [Socket])[0];

  it('leaves no connection open to a sidecar that takes nothing of the kind', async () => {
    const target = targetOf({ sni: 'a', alpnProtocols: ['other'], expectedIdentities: ['spiffe://a/ns/b/sa/c'] });
    const connection = accepted();
    await expect(target.connect('http1', new AbortController().signal)).rejects.toThrow('the endpoint takes other');
    const socket = await connection;
    socket.resume();
    await once(socket, 'close');
  });

  it('gives up a connection that is being opened when the check is over', async () => {
    const check = new AbortController();
    const connecting = targetOf(null).connect('tcp', check.signal);
    check.abort();
    await expect(connecting).rejects.toThrow('the check is over');
  });
});

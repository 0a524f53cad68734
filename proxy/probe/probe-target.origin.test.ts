import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Server, TLSSocket } from 'node:tls';
import { createServer } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasProgram } from '../../examples/testing/programs.ts';
import { PublicAuthority } from '../../examples/testing/public-authority.ts';
import { IdentityHolder } from '../tls/mesh-identity.ts';
import { SessionCache } from '../tls/session-cache.ts';
import { ProbeTarget } from './probe-target.ts';

describe.skipIf(!hasProgram('openssl'))('ProbeTarget, outside the mesh', () => {
  let authority: PublicAuthority;
  let server: Server;

  beforeAll(async () => {
    authority = new PublicAuthority();
    const { certPem: cert, keyPem: key } = authority.issue(['DNS:api.example.com']);
    server = createServer({ cert, key, ALPNProtocols: ['http/1.1'] }, (socket) => socket.on('error', () => {}));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });

  afterAll(() => {
    server?.close();
    authority?.close();
  });

  function connect(protocol: 'http1' | 'http2' | 'tcp', name = 'api.example.com') {
    const { port } = server.address() as AddressInfo;
    const origin = {
      key: name,
      sni: name,
      alpnProtocols: [protocol === 'http2' ? 'h2' : 'http/1.1'],
      names: [{ kind: 'DNS' as const, name }],
      rootsPem: authority.rootPem,
      minVersion: 'TLSv1.2' as const,
      clientCertificate: null,
    };
    const target = new ProbeTarget(
      { address: '127.0.0.1', port, mesh: null, origin },
      new IdentityHolder(),
      new SessionCache(),
    );
    return target.connect(protocol, new AbortController().signal);
  }

  it.each(['http1', 'tcp'] as const)('opens TLS for a check over %s, as for requests', async (protocol) => {
    const socket = (await connect(protocol)) as TLSSocket;
    expect(socket.authorized).toBe(true);
    socket.destroy();
  });

  it('does not ask a host that is somebody else, or that does not speak HTTP/2', async () => {
    await expect(connect('tcp', 'bank.example.com')).rejects.toThrow('and not for bank.example.com');
    await expect(connect('http2')).rejects.toThrow();
  });
});

import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Server, TLSSocket } from 'node:tls';
import { createServer } from 'node:tls';
import { Server as GrpcServer, ServerCredentials } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasProgram } from '../../examples/testing/programs.ts';
import { PublicAuthority } from '../../examples/testing/public-authority.ts';
import { serviceDefinition } from '../../proto/load.ts';
import { IdentityHolder } from '../tls/mesh-identity.ts';
import { SessionCache } from '../tls/session-cache.ts';
import { noPlace } from './connection-budget.ts';
import { GrpcProber } from './grpc-prober.ts';
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

  function targetAt(port: number, protocol: 'http1' | 'http2' | 'tcp', name = 'api.example.com') {
    const origin = {
      key: name,
      sni: name,
      alpnProtocols: [protocol === 'http2' ? 'h2' : 'http/1.1'],
      names: [{ kind: 'DNS' as const, name }],
      rootsPem: authority.rootPem,
      minVersion: 'TLSv1.2' as const,
      clientCertificate: null,
    };
    const at = { address: '127.0.0.1', port, mesh: null, origin };
    return new ProbeTarget(at, new IdentityHolder(), new SessionCache());
  }

  function connect(protocol: 'http1' | 'http2' | 'tcp', name?: string) {
    const { port } = server.address() as AddressInfo;
    return targetAt(port, protocol, name).connect(protocol, new AbortController().signal);
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

  it('opens TLS for a check of gRPC too', async () => {
    const { certPem, keyPem } = authority.issue(['DNS:api.example.com']);
    const grpc = new GrpcServer();
    grpc.addService(serviceDefinition('grpc.health.v1.Health') as never, {
      Check: (_call: unknown, reply: (error: null, answer: object) => void) => reply(null, { status: 'SERVING' }),
    });
    const pair = { cert_chain: Buffer.from(certPem), private_key: Buffer.from(keyPem) };
    const port = await new Promise<number>((resolve, reject) => {
      grpc.bindAsync('127.0.0.1:0', ServerCredentials.createSsl(null, [pair]), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      );
    });
    const check = { kind: 'grpc', service: '', authority: 'api.example.com' } as const;
    const probers = ['api.example.com', 'bank.example.com'].map(
      (name) => new GrpcProber(check, targetAt(port, 'http2', name), noPlace()),
    );
    try {
      const outcomes = await Promise.all(probers.map((prober) => prober.check(AbortSignal.timeout(5_000))));
      expect(outcomes.map(({ kind }) => kind)).toEqual(['success', 'network']);
    } finally {
      for (const prober of probers) prober.close();
      grpc.forceShutdown();
    }
  });
});

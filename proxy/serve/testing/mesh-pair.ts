import { ALPN_HTTP1 } from '../../../proto/names.ts';
import { localReply } from '../../forward/local-reply.ts';
import type { AcceptedPeer } from '../../listener/accepted-connection.ts';
import { serveNewHttp } from '../../listener/http-codecs.ts';
import { Listener } from '../../listener/listener.ts';
import type { IdentityHolder } from '../../tls/mesh-identity.ts';
import { SessionCache } from '../../tls/session-cache.ts';
import { CoarseClock } from '../../transport/coarse-clock.ts';
import { dialMesh } from '../../upstream/dial.ts';

/** An inbound listener whose application says who called. */
export interface Served {
  readonly listener: Listener;
  readonly peers: AcceptedPeer[];
  readonly refused: string[];
}

export type Dialled = { readonly text: string } | { readonly failure: string; readonly detail: string };

/** The two ends of connections between sidecars, without anything behind them. */
export class MeshPair {
  readonly sessions = new SessionCache();
  readonly #listeners: Listener[] = [];

  async serve(identity: IdentityHolder, handshakeTimeoutMs = 15_000): Promise<Served> {
    const peers: AcceptedPeer[] = [];
    const refused: string[] = [];
    const listener = await Listener.listen({
      name: 'inbound',
      host: '127.0.0.1',
      port: 0,
      mesh: { identity, alpnProtocols: [ALPN_HTTP1], handshakeTimeoutMs },
      clock: new CoarseClock(),
      serve: (accepted) =>
        serveNewHttp(accepted, {
          connection: {
            trust: 'sidecar',
            clock: new CoarseClock(),
            describe: (failure) =>
              localReply(failure, { answeredBy: '', service: '', rule: '', detail: '', remedy: '', isGrpc: false }),
            onRefused: (failure) => refused.push(failure),
          },
          accept: (connection, { peer }) => {
            peers.push(peer);
            return {
              onRequest: () => connection.sendLocalReply(200, '', peer.principal),
              onRequestBody() {},
              onRequestEnd() {},
              onDownstreamDrain() {},
              onDownstreamReset() {},
              onSweep() {},
            };
          },
        }),
      onRefused: (reason) => refused.push(reason),
    });
    this.#listeners.push(listener);
    return { listener, peers, refused };
  }

  /** Dials as one sidecar dials another, and sends a request when it may. */
  call(port: number, identity: IdentityHolder, expected: readonly string[]): Promise<Dialled> {
    return new Promise((resolve) => {
      const target = {
        address: '127.0.0.1',
        port,
        connectTimeoutMs: 5000,
        sni: 'outbound_.80_._.cart.default.svc.cluster.local',
        alpnProtocols: [ALPN_HTTP1],
        expectedIdentities: expected,
      };
      dialMesh(target, identity, this.sessions, {
        onConnected: (transport) => {
          let text = '';
          transport.setHandler({
            onBytes: (buffer, length) => {
              text += buffer.toString('latin1', 0, length);
              transport.end();
            },
            onEnd() {},
            onDrain() {},
            onClose: () => resolve({ text }),
          });
          transport.startReading();
          transport.writeText('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
        },
        onDialFailed: (failure, detail) => resolve({ failure, detail }),
      });
    });
  }

  async close(): Promise<void> {
    this.sessions.clear();
    for (const listener of this.#listeners.splice(0)) await listener.close(0);
  }
}

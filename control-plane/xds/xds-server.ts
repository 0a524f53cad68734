import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { MAX_PACKED_BYTES } from '../../proto/any.ts';
import type { CallerOf } from './caller.ts';
import { requireSvid } from './caller.ts';
import type { TlsServerCounts, TlsServerIdentity, TlsServerOptions } from './tls-server.ts';
import { TlsServer } from './tls-server.ts';

export interface XdsServerOptions extends Omit<TlsServerOptions, 'onConnection'> {
  readonly services: readonly { readonly definition: ServiceDefinition; readonly handlers: object }[];
  readonly callerOf: CallerOf;
  /** Calls that a connection without a certificate may make, e.g. `/heddle.v1.IdentityService/Join`. */
  readonly openPaths: readonly string[];
}

/** A client that no longer answers is noticed after 30 + 10 s; its lease has run out long before. */
const keepalive = { 'grpc.keepalive_time_ms': 30_000, 'grpc.keepalive_timeout_ms': 10_000 };

const limits = {
  'grpc.max_receive_message_length': MAX_PACKED_BYTES,
  /** A sidecar has three or four. */
  'grpc.max_concurrent_streams': 100,
  /** A connection that makes no call, such as one that never joins. */
  'grpc.max_connection_idle_ms': 300_000,
};

/**
 * Port 15012: gRPC over our own TLS server.
 *
 * grpc-js cannot let a connection in without a certificate and check those that have one, nor change its certificate
 * while it runs, so TLS is ours and verified sockets are handed over.
 */
export class XdsServer {
  readonly #grpc: Server;
  readonly #tls: TlsServer;

  private constructor(grpc: Server, tls: TlsServer) {
    this.#grpc = grpc;
    this.#tls = tls;
  }

  /** @throws the listening error, such as EADDRINUSE */
  static async listen({ services, callerOf, openPaths, ...tlsOptions }: XdsServerOptions): Promise<XdsServer> {
    const interceptors = [requireSvid(callerOf, openPaths)];
    const grpc = new Server({ ...keepalive, ...limits, 'grpc.enable_channelz': 0, interceptors });
    for (const { definition, handlers } of services) {
      grpc.addService(definition, handlers as UntypedServiceImplementation);
    }
    const injector = grpc.createConnectionInjector(ServerCredentials.createInsecure());
    const onConnection: TlsServerOptions['onConnection'] = (socket) => injector.injectConnection(socket);
    return new XdsServer(grpc, await TlsServer.listen({ ...tlsOptions, onConnection }));
  }

  get port(): number {
    return this.#tls.port;
  }

  counts(): TlsServerCounts {
    return this.#tls.counts();
  }

  setIdentity(identity: TlsServerIdentity): void {
    this.#tls.setIdentity(identity);
  }

  /** Ends all streams: sidecars keep what they have and come back. */
  async close(): Promise<void> {
    this.#grpc.forceShutdown();
    await this.#tls.close();
  }
}

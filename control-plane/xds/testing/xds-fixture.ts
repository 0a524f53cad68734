import type { ClientDuplexStream, ServiceError } from '@grpc/grpc-js';
import { credentials } from '@grpc/grpc-js';
import type { Authority } from '../../../certs/authority.ts';
import { createIssuer, createRoot, issueLeaf } from '../../../certs/authority.ts';
import { encodeGrant } from '../../../certs/grant.ts';
import { generateKeyPair, privateKeyToPem } from '../../../certs/key-pair.ts';
import { toPem } from '../../../certs/pem.ts';
import { parseSpiffeId } from '../../../certs/spiffe-id.ts';
import { clientOf } from '../../../proto/client.ts';
import type { Input, Output } from '../../../proto/load.ts';
import { serviceDefinition } from '../../../proto/load.ts';
import { controlPlaneSpiffeId } from '../../../proto/names.ts';
import { toStruct } from '../../../proto/struct.ts';
import { silentLog } from '../../log.ts';
import { Registry } from '../../registry/registry.ts';
import type { AdsServerOptions } from '../ads-server.ts';
import { AdsServer } from '../ads-server.ts';
import { callerOf } from '../caller.ts';
import { ProxyTracker } from '../proxy-tracker.ts';
import { workloadService } from '../workload-service.ts';
import { XdsServer } from '../xds-server.ts';

export const trustDomain = 'cluster.local';

export interface ClientIdentity {
  readonly chainPem: string;
  readonly privateKeyPem: string;
}

/** A root, its issuer, and leaves on demand. */
export class TestAuthority {
  readonly root = createRoot({ trustDomain });
  readonly issuer: Authority = createIssuer(this.root);
  readonly bundlePem = toPem('CERTIFICATE', this.root.certificate.der);

  leaf(
    id: string,
    differing: { ttlMs?: number; service?: string; labels?: Record<string, string> } = {},
  ): ClientIdentity {
    const { privateKey, publicKey } = generateKeyPair();
    const [, namespace = '', serviceAccount = ''] = /\/ns\/([^/]+)\/sa\/([^/]+)$/.exec(id) ?? [];
    const { service = serviceAccount, labels = {}, ttlMs = 3600_000 } = differing;
    const extensions = [encodeGrant({ namespace, service, serviceAccount, labels })];
    const leaf = issueLeaf({
      issuer: this.issuer,
      publicKey,
      id: parseSpiffeId(id),
      ttlMs,
      extensions,
      includeRoot: true,
    });
    return { chainPem: leaf.chainPem, privateKeyPem: privateKeyToPem(privateKey) };
  }
}

/** Streams to and from a server, message by message. */
export interface Conversation<Request, Response> {
  send(request: Request): void;
  /** The next response. Rejects with the stream's status once it has ended. */
  next(): Promise<Response>;
  /** Fulfils with the status that ends the stream. */
  readonly ended: Promise<{ code: number; details: string }>;
  end(): void;
  cancel(): void;
}

/** An xDS server on a port of its own, with everything behind it but translate and the authority. */
export async function startXds(
  differing: Partial<AdsServerOptions> & { now?: () => number; handshakeTimeoutMs?: number } = {},
) {
  const authority = new TestAuthority();
  const registry = differing.registry ?? new Registry();
  const tracker = differing.tracker ?? new ProxyTracker();
  const caller = callerOf(trustDomain);
  const observer = { sent: () => {}, rejected: () => {}, pushed: () => {} };
  const ads = new AdsServer({ callerOf: caller, registry, tracker, observer, log: silentLog, ...differing });
  const attach = workloadService({ callerOf: caller, registry, tracker, log: silentLog, withdrawalWaitMs: 50 });
  const server = await XdsServer.listen({
    host: '127.0.0.1',
    port: 0,
    identity: authority.leaf(controlPlaneSpiffeId(trustDomain)),
    trustBundlePem: authority.bundlePem,
    trustDomain,
    log: silentLog,
    callerOf: caller,
    openPaths: ['/heddle.v1.IdentityService/Join'],
    ...(differing.handshakeTimeoutMs === undefined ? {} : { handshakeTimeoutMs: differing.handshakeTimeoutMs }),
    services: [
      {
        definition: serviceDefinition('envoy.service.discovery.v3.AggregatedDiscoveryService'),
        handlers: ads.handlers,
      },
      { definition: serviceDefinition('heddle.v1.WorkloadService'), handlers: attach },
    ],
  });
  const clients: { close(): void }[] = [];
  const credentialsOf = (identity: ClientIdentity | null) =>
    credentials.createSsl(
      Buffer.from(authority.bundlePem),
      identity === null ? null : Buffer.from(identity.privateKeyPem),
      identity === null ? null : Buffer.from(identity.chainPem),
      // The server's name is its SPIFFE id, which the sidecar checks and this client need not.
      { checkServerIdentity: () => undefined },
    );
  // One connection each: grpc-js would otherwise share one between clients with equal settings.
  const options = { 'grpc.use_local_subchannel_pool': 1 };
  const connect = (identity: ClientIdentity | null) => {
    const address = `127.0.0.1:${server.port}`;
    const discovery = new (clientOf('envoy.service.discovery.v3.AggregatedDiscoveryService'))(
      address,
      credentialsOf(identity),
      options,
    );
    const workload = new (clientOf('heddle.v1.WorkloadService'))(address, credentialsOf(identity), options);
    clients.push(discovery, workload);
    return {
      delta: () => conversation(discovery.DeltaAggregatedResources()),
      sotw: () => conversation(discovery.StreamAggregatedResources()),
      attach: () => conversation(workload.Attach()),
      /** A call whose messages are bytes. */
      raw: (path: string) => {
        const asIs = (bytes: Buffer): Buffer => bytes;
        return conversation(discovery.makeBidiStreamRequest<Buffer, Buffer>(path, asIs, asIs));
      },
    };
  };
  return {
    authority,
    registry,
    tracker,
    ads,
    server,
    connect,
    async close() {
      for (const client of clients) {
        client.close();
      }
      await server.close();
    },
  };
}

function conversation<Request, Response>(call: ClientDuplexStream<Request, Response>): Conversation<Request, Response> {
  const received: Response[] = [];
  const waiting: { resolve(response: Response): void; reject(error: Error): void }[] = [];
  let failure: ServiceError | null = null;
  call.on('data', (response: Response) => {
    const next = waiting.shift();
    if (next === undefined) {
      received.push(response);
    } else {
      next.resolve(response);
    }
  });
  call.on('error', (error: ServiceError) => {
    failure = error;
    for (const next of waiting.splice(0)) {
      next.reject(error);
    }
  });
  const ended = new Promise<{ code: number; details: string }>((resolve) => {
    call.on('status', ({ code, details }) => resolve({ code, details }));
  });
  return {
    ended,
    send: (request) => {
      call.write(request);
    },
    next: () => {
      const ready = received.shift();
      if (ready !== undefined) {
        return Promise.resolve(ready);
      }
      return failure === null
        ? new Promise((resolve, reject) => waiting.push({ resolve, reject }))
        : Promise.reject(failure);
    },
    end: () => call.end(),
    cancel: () => call.cancel(),
  };
}

/** A node as our sidecar sends it. */
export function sidecarNode(name: string, differing: { namespace?: string; service?: string } = {}) {
  const { namespace = 'default', service = 'cart' } = differing;
  const metadata = toStruct({
    NAMESPACE: namespace,
    WORKLOAD_NAME: name,
    SERVICE: service,
    LABELS: { app: service, version: 'v1' },
    HEDDLE_VERSION: '0.1.0',
    FEATURES: [],
  });
  return { id: `sidecar~127.0.0.1~${name}.${namespace}~${namespace}.svc.cluster.local`, metadata };
}

export type DeltaRequest = Input<'envoy.service.discovery.v3.DeltaDiscoveryRequest'>;
export type DeltaResponse = Output<'envoy.service.discovery.v3.DeltaDiscoveryResponse'>;

import type { AddressInfo, Socket } from 'node:net';
import type { TLSSocket, Server as TlsServer } from 'node:tls';
import { createServer } from 'node:tls';
import type { ServerDuplexStream, ServerUnaryCall, sendUnaryData } from '@grpc/grpc-js';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { Authority } from '../../certs/authority.ts';
import { createIssuer, createRoot, issueLeaf } from '../../certs/authority.ts';
import { encodeGrant } from '../../certs/grant.ts';
import { generateKeyPair, privateKeyToPem } from '../../certs/key-pair.ts';
import { fromPem } from '../../certs/pem.ts';
import { readSigningRequest } from '../../certs/signing-request.ts';
import { parseSpiffeId, spiffeId } from '../../certs/spiffe-id.ts';
import { rootFingerprint } from '../../certs/trust-bundle.ts';
import type { Input, Output } from '../../proto/load.ts';
import { serviceDefinition } from '../../proto/load.ts';
import { controlPlaneSpiffeId } from '../../proto/names.ts';
import { MessageQueue } from './message-queue.ts';

type Stream<Request, Response> = ServerDuplexStream<Request, Response>;
export type DeltaStream = ScriptedStream<
  Output<'envoy.service.discovery.v3.DeltaDiscoveryRequest'>,
  Input<'envoy.service.discovery.v3.DeltaDiscoveryResponse'>
>;
export type AttachStream = ScriptedStream<Output<'heddle.v1.AttachRequest'>, Input<'heddle.v1.AttachResponse'>>;
type Certificates = Input<'heddle.v1.JoinResponse'>;

export interface ScriptedControlPlaneOptions {
  readonly trustDomain?: string;
  /** The id in the server's certificate; by default the control plane's of the trust domain. */
  readonly serverId?: string;
  readonly nowMs?: number;
  readonly serverTtlMs?: number;
  readonly leafTtlMs?: number;
  /** What a joining sidecar is granted. Default `default` / `cart`. */
  readonly grant?: { readonly namespace: string; readonly service: string };
  readonly port?: number;
  /** To be the same control plane after a restart. */
  readonly root?: Authority;
}

/** One stream as the test sees it: what the sidecar says arrives in `requests`, in order. */
export class ScriptedStream<Request, Response> {
  readonly requests = new MessageQueue<Request>();
  /** Fulfilled when the sidecar ended or cancelled it, or its connection broke. */
  readonly ended: Promise<void>;
  /** The socket that carries it; two streams of one connection have the same. */
  readonly peer: string;
  readonly #call: Stream<Request, Response>;

  constructor(call: Stream<Request, Response>) {
    this.#call = call;
    this.peer = call.getPeer();
    call.on('data', (request: Request) => this.requests.push(request));
    call.on('error', () => {});
    call.on('end', () => call.end());
    this.ended = new Promise((resolve) => {
      call.on('cancelled', resolve);
      call.on('end', resolve);
    });
  }

  send(response: Response): void {
    this.#call.write(response);
  }

  /** Ends it with a gRPC status, 14 being UNAVAILABLE. */
  fail(code: number, details: string): void {
    this.#call.emit('error', { code, details });
  }
}

/**
 * A control plane that does what the test tells it: the identity, discovery and workload services on one TLS port as the
 * real one has them, with certificates of its own, but no mind of its own. Joining and renewing succeed unless `refuse`
 * says otherwise.
 */
export class ScriptedControlPlane {
  readonly root: Authority;
  readonly issuer: Authority;
  readonly trustDomain: string;
  readonly joins: Output<'heddle.v1.JoinRequest'>[] = [];
  renewals = 0;
  /** When set, joining and renewing are answered with this. */
  refuse: { readonly code: number; readonly details: string } | null = null;
  leafTtlMs: number;
  nowMs: number | null;
  readonly deltaStreams = new MessageQueue<DeltaStream>();
  readonly attachStreams = new MessageQueue<AttachStream>();
  readonly #options: ScriptedControlPlaneOptions;
  readonly #grpc = new Server();
  readonly #sockets = new Set<Socket>();
  readonly #tls: TlsServer;

  private constructor(options: ScriptedControlPlaneOptions) {
    this.#options = options;
    this.trustDomain = options.trustDomain ?? 'cluster.local';
    this.nowMs = options.nowMs ?? null;
    const at = options.nowMs === undefined ? {} : { nowMs: options.nowMs };
    this.root = options.root ?? createRoot({ trustDomain: this.trustDomain, ...at });
    this.issuer = createIssuer(this.root, at);
    this.leafTtlMs = options.leafTtlMs ?? 24 * 60 * 60 * 1_000;
    const { privateKey, publicKey } = generateKeyPair();
    const leaf = issueLeaf({
      issuer: this.issuer,
      publicKey,
      id: parseSpiffeId(options.serverId ?? controlPlaneSpiffeId(this.trustDomain)),
      includeRoot: true,
      ...at,
      ...(options.serverTtlMs === undefined ? {} : { ttlMs: options.serverTtlMs }),
    });
    this.#grpc.addService(serviceDefinition('heddle.v1.IdentityService'), {
      Join: (
        call: ServerUnaryCall<Output<'heddle.v1.JoinRequest'>, Certificates>,
        answer: sendUnaryData<Certificates>,
      ) => {
        this.joins.push(call.request);
        this.#certify(call.request.signing_request, answer);
      },
      Renew: (
        call: ServerUnaryCall<Output<'heddle.v1.RenewRequest'>, Certificates>,
        answer: sendUnaryData<Certificates>,
      ) => {
        this.renewals++;
        this.#certify(call.request.signing_request, answer);
      },
    });
    this.#grpc.addService(serviceDefinition('envoy.service.discovery.v3.AggregatedDiscoveryService'), {
      DeltaAggregatedResources: (call: ConstructorParameters<typeof ScriptedStream>[0]) => {
        this.deltaStreams.push(new ScriptedStream(call) as DeltaStream);
      },
      StreamAggregatedResources: (call: ConstructorParameters<typeof ScriptedStream>[0]) => {
        call.emit('error', { code: 12, details: 'sidecars speak incremental ADS' });
      },
    });
    this.#grpc.addService(serviceDefinition('heddle.v1.WorkloadService'), {
      Attach: (call: ConstructorParameters<typeof ScriptedStream>[0]) => {
        this.attachStreams.push(new ScriptedStream(call) as AttachStream);
      },
    });
    const injector = this.#grpc.createConnectionInjector(ServerCredentials.createInsecure());
    this.#tls = createServer(
      {
        key: privateKeyToPem(privateKey),
        cert: leaf.chainPem,
        minVersion: 'TLSv1.3',
        ALPNProtocols: ['h2'],
        requestCert: true,
        rejectUnauthorized: false,
      },
      (socket: TLSSocket) => {
        socket.on('error', () => {});
        injector.injectConnection(socket);
      },
    );
    this.#tls.on('tlsClientError', () => {});
    this.#tls.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  static async start(options: ScriptedControlPlaneOptions = {}): Promise<ScriptedControlPlane> {
    const plane = new ScriptedControlPlane(options);
    await new Promise<void>((resolve) => plane.#tls.listen(options.port ?? 0, '127.0.0.1', resolve));
    return plane;
  }

  get port(): number {
    return (this.#tls.address() as AddressInfo).port;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Connections that are open. */
  get connections(): number {
    return this.#sockets.size;
  }

  /** A join token for this control plane; its signature is nonsense, since nothing here verifies it. */
  token(claims: Record<string, unknown> = {}): string {
    const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const payload = {
      iss: this.trustDomain,
      ns: 'default',
      svc: 'cart',
      sa: 'cart',
      addr: this.address,
      root: rootFingerprint(this.root.certificate.der),
      exp: Math.floor((this.nowMs ?? Date.now()) / 1_000) + 3_600,
      jti: 'test',
      ...claims,
    };
    return `${encode({ alg: 'ES256' })}.${encode(payload)}.c2ln`;
  }

  /** Cuts every connection. */
  disconnect(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#tls.close(() => resolve()));
    this.disconnect();
    this.#grpc.forceShutdown();
    await closed;
  }

  #certify(signingRequest: Buffer, answer: sendUnaryData<Certificates>): void {
    if (this.refuse !== null) {
      answer(this.refuse);
      return;
    }
    const { namespace, service } = this.#options.grant ?? { namespace: 'default', service: 'cart' };
    const { chainPem } = issueLeaf({
      issuer: this.issuer,
      publicKey: readSigningRequest(signingRequest).publicKey,
      id: spiffeId({ trustDomain: this.trustDomain, namespace, serviceAccount: service }),
      ttlMs: this.leafTtlMs,
      extensions: [encodeGrant({ namespace, service, serviceAccount: service, labels: {} })],
      ...(this.nowMs === null ? {} : { nowMs: this.nowMs }),
    });
    answer(null, {
      certificate_chain: fromPem('CERTIFICATE', chainPem),
      trust_bundle: [Buffer.from(this.root.certificate.der)],
    });
  }
}

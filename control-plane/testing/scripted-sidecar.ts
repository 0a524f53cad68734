import { readFile } from 'node:fs/promises';
import type { ClientDuplexStream } from '@grpc/grpc-js';
import { credentials } from '@grpc/grpc-js';
import { generateKeyPair, privateKeyToPem } from '../../certs/key-pair.ts';
import { toPem } from '../../certs/pem.ts';
import { createSigningRequest } from '../../certs/signing-request.ts';
import { clientOf } from '../../proto/client.ts';
import type { Input, Output } from '../../proto/load.ts';
import { toStruct } from '../../proto/struct.ts';
import type { ResourceTypeUrl } from '../../proto/type-urls.ts';
import type { RunningControlPlane } from '../control-plane.ts';

type DeltaRequest = Input<'envoy.service.discovery.v3.DeltaDiscoveryRequest'>;
type DeltaResponse = Output<'envoy.service.discovery.v3.DeltaDiscoveryResponse'>;

/** What the real sidecar does towards the control plane, told step by step by a test. */
export class ScriptedSidecar {
  readonly identity: string;
  /** Version by name, as received. */
  readonly received = new Map<string, { readonly version: string; readonly bytes: Buffer }>();
  readonly #name: string;
  readonly #service: string;
  readonly #discovery: InstanceType<
    ReturnType<typeof clientOf<'envoy.service.discovery.v3.AggregatedDiscoveryService'>>
  >;
  readonly #workload: InstanceType<ReturnType<typeof clientOf<'heddle.v1.WorkloadService'>>>;
  readonly #ads: ClientDuplexStream<DeltaRequest, DeltaResponse>;
  readonly #attach: ClientDuplexStream<Input<'heddle.v1.AttachRequest'>, Output<'heddle.v1.AttachResponse'>>;
  readonly #replies: Output<'heddle.v1.AttachResponse'>[] = [];
  #wake: () => void = () => {};
  #failure: Error | null = null;
  /** What it announces with its first subscription. */
  features: readonly string[] = [];
  /** When false, what is received is acknowledged and not put in force. */
  isSwapping = true;

  private constructor(name: string, service: string, identity: string, address: string, tls: [Buffer, Buffer, Buffer]) {
    this.#name = name;
    this.#service = service;
    this.identity = identity;
    const secure = () => credentials.createSsl(...tls, { checkServerIdentity: () => undefined });
    const options = { 'grpc.use_local_subchannel_pool': 1, 'grpc.default_authority': 'control-plane' };
    const discovery = clientOf('envoy.service.discovery.v3.AggregatedDiscoveryService');
    this.#discovery = new discovery(address, secure(), options);
    this.#workload = new (clientOf('heddle.v1.WorkloadService'))(address, secure(), options);
    this.#ads = this.#discovery.DeltaAggregatedResources();
    this.#ads.on('data', (response: DeltaResponse) => this.#receive(response));
    this.#ads.on('error', () => {}); // a control plane that goes away is part of the tests
    this.#attach = this.#workload.Attach();
    this.#attach.on('data', (reply: Output<'heddle.v1.AttachResponse'>) => {
      this.#replies.push(reply);
      this.#wake();
    });
    this.#attach.on('error', (error: Error) => {
      this.#failure = error;
      this.#wake();
    });
  }

  /** Joins with the host's token. */
  static async join(controlPlane: RunningControlPlane, name: string, service: string): Promise<ScriptedSidecar> {
    const token = (await readFile(controlPlane.hostTokenFile, 'utf8')).trim();
    const claims: { addr: string } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    const { privateKey, publicKey } = generateKeyPair();
    // A real sidecar pins the root by its hash; that is tested where it does.
    const joining = credentials.createSsl(null, null, null, { rejectUnauthorized: false });
    const client = new (clientOf('heddle.v1.IdentityService'))(claims.addr, joining);
    const request = {
      token,
      namespace: 'default',
      service,
      signing_request: createSigningRequest({ privateKey, publicKey }),
    };
    const answer = await new Promise<Output<'heddle.v1.JoinResponse'>>((resolve, reject) => {
      client.Join(request, (error, value) => (value === undefined ? reject(error) : resolve(value)));
    }).finally(() => client.close());
    const pem = (ders: readonly Buffer[]) => Buffer.from(ders.map((der) => toPem('CERTIFICATE', der)).join(''));
    return new ScriptedSidecar(name, service, answer.spiffe_id, claims.addr, [
      pem(answer.trust_bundle),
      Buffer.from(privateKeyToPem(privateKey)),
      pem(answer.certificate_chain),
    ]);
  }

  /** Registers with one application port, which its sidecar takes mesh traffic for at `inboundPort`. */
  async register(differing: { version?: string; inboundPort?: number; protocol?: string } = {}): Promise<void> {
    const { version = 'v1', inboundPort = 20_000, protocol = '' } = differing;
    this.#attach.write({
      register: {
        name: this.#name,
        namespace: 'default',
        service: this.#service,
        labels: { version },
        address: '127.0.0.1',
        ports: [{ port: 8080, inbound_address: '127.0.0.1', inbound_port: inboundPort, app_protocol: protocol }],
        instance_id: `process-of-${this.#name}`,
        generation: 1,
        version: '0.1.0',
      },
    });
    await this.reply('registered');
  }

  /** Asks for resources and fulfils when each was received, or was said not to exist. */
  async subscribe(typeUrl: ResourceTypeUrl, ...names: string[]): Promise<void> {
    const metadata = toStruct({
      NAMESPACE: 'default',
      SERVICE: this.#service,
      HEDDLE_VERSION: '0.1.0',
      FEATURES: this.features,
    });
    const id = `sidecar~127.0.0.1~${this.#name}.default~default.svc.cluster.local`;
    this.#ads.write({ node: { id, metadata }, type_url: typeUrl, resource_names_subscribe: names });
    await this.until(() => names.every((name) => this.received.has(name)));
  }

  withdraw(): Promise<void> {
    this.#attach.write({ withdraw: {} });
    return this.reply('withdrawn');
  }

  /** The next reply on the Attach stream is of this kind. */
  async reply(kind: 'registered' | 'renewed' | 'withdrawn' | 'lapsed'): Promise<void> {
    await this.until(() => this.#replies.length > 0);
    const reply = this.#replies.shift();
    if (reply?.response !== kind) {
      throw new Error(`${reply?.response} instead of ${kind}`);
    }
  }

  /** Waits for something that a message brings about. Rejects when the Attach stream has failed. */
  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) {
      if (this.#failure !== null) {
        throw this.#failure;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  close(): void {
    this.#discovery.close();
    this.#workload.close();
    this.#ads.cancel();
    this.#attach.cancel();
  }

  #receive({ type_url: typeUrl, nonce, resources, removed_resources: removed }: DeltaResponse): void {
    for (const { name, version, resource } of resources) {
      this.received.set(name, { version, bytes: resource?.value ?? Buffer.alloc(0) });
    }
    for (const name of removed) {
      this.received.set(name, { version: '', bytes: Buffer.alloc(0) });
    }
    this.#ads.write({ type_url: typeUrl, response_nonce: nonce });
    if (this.isSwapping) {
      const inForce = resources.map(({ name, version }) => ({ type_url: typeUrl, name, version, removed: false }));
      const gone = removed.map((name) => ({ type_url: typeUrl, name, version: '', removed: true }));
      this.#attach.write({ in_force: { resources: [...inForce, ...gone] } });
    }
    this.#wake();
  }
}

import type { handleBidiStreamingCall, ServerDuplexStream } from '@grpc/grpc-js';
import { status } from '@grpc/grpc-js';
import { InvalidGrantError, readGrant } from '../../certs/grant.ts';
import type { Input, Output } from '../../proto/load.ts';
import type { ResourceTypeUrl } from '../../proto/type-urls.ts';
import type { Log } from '../log.ts';
import type { Registry } from '../registry/registry.ts';
import type { Caller, CallerOf } from './caller.ts';
import { DeltaSubscription } from './delta-subscription.ts';
import type { DiscoveryRequest, Protocol } from './discovery-stream.ts';
import { DiscoveryStream, StreamError } from './discovery-stream.ts';
import type { NodeIdentity } from './node-identity.ts';
import { identifyNode, NodeRefusedError } from './node-identity.ts';
import { writePaced } from './paced-writes.ts';
import type { ProxyTracker, Push, TrackedStream } from './proxy-tracker.ts';
import type { Flushable } from './push-queue.ts';
import { PushQueue } from './push-queue.ts';
import type { OnFault, ResourceSource } from './resource-gate.ts';
import { ResourceGate } from './resource-gate.ts';
import { SotwSubscription, versionOf } from './sotw-subscription.ts';

type DeltaRequest = Output<'envoy.service.discovery.v3.DeltaDiscoveryRequest'>;
type DeltaResponse = Input<'envoy.service.discovery.v3.DeltaDiscoveryResponse'>;
type SotwRequest = Output<'envoy.service.discovery.v3.DiscoveryRequest'>;
type SotwResponse = Input<'envoy.service.discovery.v3.DiscoveryResponse'>;
type NodeMessage = Output<'envoy.config.core.v3.Node'>;

/** What the metrics count. */
export interface AdsObserver {
  sent(typeUrl: ResourceTypeUrl, bytes: number): void;
  rejected(typeUrl: ResourceTypeUrl): void;
  /** Looking at every stream after a change took so long. */
  pushed(ms: number): void;
}

export interface AdsServerOptions {
  readonly callerOf: CallerOf;
  readonly registry: Registry;
  readonly tracker: ProxyTracker;
  readonly observer: AdsObserver;
  readonly log: Log;
  readonly now?: () => number;
  /** Default 5 000. */
  readonly maxStreams?: number;
  /** Streams of one SPIFFE id; all instances of a service share it. Default 500. */
  readonly maxStreamsPerIdentity?: number;
}

/** What a snapshot was made of. */
export interface PublishedFrom {
  readonly registryRevision: number;
  /** When the first change in it was made. */
  readonly changedAtMs: number;
}

/** A stream, whichever protocol it speaks. */
type OpenStream = TrackedStream & Flushable & Pick<DiscoveryStream, 'setGate'>;

const controlPlane = { identifier: 'heddle' };

const deltaProtocol: Protocol<DeltaRequest, DeltaResponse> = {
  subscription: (typeUrl) => new DeltaSubscription(typeUrl),
  response: ({ resources, removed }, typeUrl, nonce, revision) => ({
    system_version_info: String(revision),
    type_url: typeUrl,
    nonce,
    resources: resources.map(({ name, version, bytes }) => ({
      name,
      version,
      resource: { type_url: typeUrl, value: bytes },
    })),
    removed_resources: [...removed],
    control_plane: controlPlane,
  }),
};

const sotwProtocol: Protocol<SotwRequest, SotwResponse> = {
  subscription: (typeUrl) => new SotwSubscription(typeUrl),
  response: ({ resources }, typeUrl, nonce) => ({
    version_info: versionOf(resources),
    type_url: typeUrl,
    nonce,
    resources: resources.map(({ bytes }) => ({ type_url: typeUrl, value: bytes })),
    control_plane: controlPlane,
  }),
};

/**
 * `envoy.service.discovery.v3.AggregatedDiscoveryService` in both its forms, for sidecars, stock Envoys and gRPC clients.
 *
 * A client is who its certificate says; a node that claims another namespace, service or workload is denied. Streams
 * wait for the first snapshot without an answer.
 */
export class AdsServer {
  readonly #options: AdsServerOptions;
  readonly #now: () => number;
  readonly #streams = new Set<OpenStream>();
  readonly #streamsOf = new Map<string, number>();
  readonly #flushes: PushQueue;
  readonly #evaluations: PushQueue;
  /** Pushes that a stream has not been looked at for. */
  readonly #unseen = new Map<OpenStream, { pushes: Push[]; flush(): void }>();
  #gate: ResourceGate | null = null;
  /** What was said to be left out, so that each is said once while it is so. */
  #toldGaps: ReadonlySet<string> = new Set();

  constructor(options: AdsServerOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    const onError = (error: unknown): void => {
      const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
      options.log('error', 'a push failed', { reason });
    };
    this.#flushes = new PushQueue(onError);
    this.#evaluations = new PushQueue(onError);
  }

  get handlers(): {
    readonly DeltaAggregatedResources: handleBidiStreamingCall<DeltaRequest, DeltaResponse>;
    readonly StreamAggregatedResources: handleBidiStreamingCall<SotwRequest, SotwResponse>;
  } {
    return {
      DeltaAggregatedResources: (call) => this.#serve(call, deltaProtocol),
      StreamAggregatedResources: (call) => this.#serve(call, sotwProtocol),
    };
  }

  /** Serves from this snapshot from now on. */
  publish(source: ResourceSource, { registryRevision, changedAtMs }: PublishedFrom): void {
    const from = this.#gate?.revision ?? -1;
    const onFault: OnFault = ({ typeUrl, name, version }, fault) => {
      this.#options.log('error', 'a resource is held back', { typeUrl, name, version, reason: fault });
    };
    const gate = new ResourceGate(source, this.#gate, onFault);
    this.#gate = gate;
    const push = this.#options.tracker.pushed(
      { from, to: gate.revision, registryRevision, changedAtMs },
      this.#streams,
    );
    for (const stream of this.#streams) {
      const unseen = this.#unseen.get(stream) ?? { pushes: [], flush: () => this.#evaluate(stream) };
      unseen.pushes.push(push);
      this.#unseen.set(stream, unseen);
      this.#evaluations.add(unseen);
    }
    this.#tellGaps();
  }

  /** Says aloud what documents ask for in vain as long as an Envoy is there. */
  #tellGaps(): void {
    if (this.#gate === null || ![...this.#streams].some(({ isStock }) => isStock)) return;
    const gaps = new Map(this.#gate.stockGaps().map((gap) => [`${gap.document} ${gap.path}`, gap]));
    for (const [key, { document, path, message }] of gaps) {
      if (!this.#toldGaps.has(key))
        this.#options.log('warn', 'left out for an Envoy', { document, path, reason: message });
    }
    this.#toldGaps = new Set(gaps.keys());
  }

  /** Looks at one stream for all pushes since it was looked at last. */
  #evaluate(stream: OpenStream): void {
    const unseen = this.#unseen.get(stream);
    this.#unseen.delete(stream);
    if (unseen === undefined || this.#gate === null || !this.#streams.has(stream)) {
      return;
    }
    const startedMs = performance.now();
    const isAffected = stream.setGate(this.#gate);
    this.#options.observer.pushed(performance.now() - startedMs);
    this.#options.tracker.evaluated(stream, unseen.pushes, isAffected);
  }

  #serve<Request extends DiscoveryRequest & { readonly node: NodeMessage | null }, Response>(
    call: ServerDuplexStream<Request, Response>,
    protocol: Protocol<Request, Response>,
  ): void {
    let stream: DiscoveryStream<Request, Response> | null = null;
    const close = (): void => {
      if (stream !== null) {
        this.#close(stream);
      }
    };
    call.on('data', (request: Request) => {
      try {
        stream ??= this.#open(call, request, protocol);
        stream.receive(request);
        // what it has dropped, or acknowledged, may be all that it was waited for
        this.#options.tracker.progressed(stream.key);
      } catch (error) {
        close();
        this.#refuse(call, error);
      }
    });
    call.on('end', () => {
      close();
      call.end();
    });
    call.on('cancelled', close);
    call.on('error', close);
    call.on('close', close);
  }

  #open<Request extends DiscoveryRequest & { readonly node: NodeMessage | null }, Response>(
    call: ServerDuplexStream<Request, Response>,
    first: Request,
    protocol: Protocol<Request, Response>,
  ): DiscoveryStream<Request, Response> {
    const caller = this.#options.callerOf(call);
    const node = this.#identify(caller, first.node);
    const identity = caller.svid?.id ?? '';
    const ofIdentity = this.#streamsOf.get(identity) ?? 0;
    const { maxStreams = 5000, maxStreamsPerIdentity = 500, tracker, observer } = this.#options;
    if (this.#streams.size >= maxStreams || ofIdentity >= maxStreamsPerIdentity) {
      const bound = this.#streams.size >= maxStreams ? maxStreams : maxStreamsPerIdentity;
      throw new StreamError(status.RESOURCE_EXHAUSTED, `${bound} streams are open, which is all there may be`);
    }
    const stream: DiscoveryStream<Request, Response> = new DiscoveryStream<Request, Response>({
      protocol,
      node,
      identity,
      address: caller.address,
      nowMs: this.#now(),
      now: this.#now,
      send: (response) => writePaced(call, response),
      requestFlush: (flushable) => this.#flushes.add(flushable),
      onSent: (typeUrl, { resources }) => {
        observer.sent(
          typeUrl,
          resources.reduce((sum, { bytes }) => sum + bytes.length, 0),
        );
      },
      onAnswer: (typeUrl, { error }) => {
        if (error !== null) {
          observer.rejected(typeUrl);
          const fields = { proxy: stream.key, typeUrl, reason: error };
          this.#options.log('warn', 'a proxy refuses what it was sent', fields);
        }
      },
    });
    this.#streams.add(stream);
    this.#streamsOf.set(identity, ofIdentity + 1);
    tracker.opened(stream);
    if (this.#gate !== null) {
      stream.setGate(this.#gate);
    }
    if (stream.isStock) this.#tellGaps();
    this.#options.log('info', 'a proxy is connected', { proxy: stream.key, identity, peer: caller.address });
    return stream;
  }

  #identify({ svid }: Caller, message: NodeMessage | null): NodeIdentity {
    if (svid === null) {
      throw new StreamError(status.UNAUTHENTICATED, 'this call needs a verified client certificate');
    }
    const node = identifyNode(message, svid.id, readGrant(svid.der));
    const registered = this.#options.registry.find(node);
    if (registered !== null && registered.identity !== svid.id) {
      throw new NodeRefusedError(
        `workload ${node.namespace}/${node.name} is ${registered.identity}, not ${svid.id}`,
        true,
      );
    }
    return node;
  }

  #close(stream: OpenStream): void {
    if (!this.#streams.delete(stream)) {
      return; // several events tell of one end
    }
    const rest = (this.#streamsOf.get(stream.identity) ?? 1) - 1;
    if (rest === 0) {
      this.#streamsOf.delete(stream.identity);
    } else {
      this.#streamsOf.set(stream.identity, rest);
    }
    this.#unseen.delete(stream);
    this.#flushes.delete(stream);
    this.#options.tracker.closed(stream);
    this.#options.log('info', 'a proxy is disconnected', { proxy: stream.key });
  }

  #refuse(call: { emit(event: 'error', error: object): boolean; getPeer(): string }, error: unknown): void {
    const { code, details } = statusOf(error);
    const level = code === status.INTERNAL ? 'error' : 'warn';
    const reason = error instanceof Error ? error.message : String(error);
    this.#options.log(level, 'a stream is refused', { peer: call.getPeer(), reason });
    call.emit('error', { code, details });
  }
}

function statusOf(error: unknown): { code: status; details: string } {
  if (error instanceof StreamError) {
    return { code: error.code, details: error.message };
  }
  if (error instanceof NodeRefusedError) {
    return { code: error.isDenied ? status.PERMISSION_DENIED : status.INVALID_ARGUMENT, details: error.message };
  }
  if (error instanceof InvalidGrantError) {
    return { code: status.PERMISSION_DENIED, details: error.message };
  }
  return { code: status.INTERNAL, details: 'internal error' };
}

import type { Node } from '../../proto/generated/envoy/config/core/v3/Node.ts';
import type { Input, Output } from '../../proto/load.ts';
import { isResourceTypeUrl } from '../../proto/type-urls.ts';
import type { Clock } from '../clock.ts';
import { systemClock } from '../clock.ts';
import type { Log } from '../log.ts';
import { unavailable } from './call-failure.ts';
import type { ControlPlaneSession } from './control-plane-channel.ts';
import type { DeltaRequest, ReceivedResource, ResourceName } from './delta-state.ts';
import { DeltaState } from './delta-state.ts';
import { inSlices } from './in-slices.ts';
import { SessionStream } from './session-stream.ts';

type DiscoveryRequest = Input<'envoy.service.discovery.v3.DeltaDiscoveryRequest'>;
type DiscoveryResponse = Output<'envoy.service.discovery.v3.DeltaDiscoveryResponse'>;

/** A resource as it came, before anything is known of it. */
export interface RawResource extends ResourceName {
  readonly version: string;
  readonly bytes: Buffer;
}

/** A resource that was refused. The version before it stays in use. */
export interface RefusedResource extends ResourceName {
  readonly version: string;
  readonly reason: string;
}

export interface AdsClientOptions<R extends ResourceName> {
  /** Says who we are; sent in the first request of each stream. */
  readonly node: Node;
  /** Makes something usable of a resource, or answers why not. */
  readonly parse: (raw: RawResource) => R | string;
  /** What one response brought: usable resources, names that do not exist, and what was refused. */
  readonly onResponse: (
    changed: readonly R[],
    removed: readonly ResourceName[],
    refused: readonly RefusedResource[],
  ) => void;
  /** Asked for, and for 15 seconds not answered. */
  readonly onUnanswered: (name: ResourceName) => void;
  readonly log: Log;
  readonly clock?: Clock;
  readonly random?: () => number;
}

/** Counts of one resource type since the start. */
export interface TypeCounts {
  accepted: number;
  rejected: number;
  /** When a response was last acknowledged whole; 0 when none was. */
  lastAckMs: number;
}

/** How long a name may go unanswered (`ConfigSource.initial_fetch_timeout`; default 15 s in Envoy and gRPC). */
export const initialFetchTimeoutMs = 15_000;

/**
 * Asks for resources by name over incremental ADS and keeps asking, from stream to stream. Requests of one turn of the
 * event loop go out together. Each response is answered: the resources that cannot be used are named in the NACK, the
 * others apply.
 *
 * Requests that are on their way have their turn between the resources of a large response; it takes effect, and is
 * answered, when all of it has been looked at, and before the next one is. A response whose stream ends on the way is
 * forgotten: the next stream is told of no version of it.
 *
 * Source: xDS transport protocol; gRFC A46.
 */
export class AdsClient<R extends ResourceName> {
  readonly #options: AdsClientOptions<R>;
  readonly #clock: Clock;
  readonly #state = new DeltaState();
  readonly #stream: SessionStream<DiscoveryRequest, DiscoveryResponse>;
  readonly #counts = new Map<string, TypeCounts>();
  #isFlushing = false;
  #isFirstRequest = true;
  /** Ends the reading of a response that is not read to its end. */
  #stopReading: () => void = () => {};

  constructor(options: AdsClientOptions<R>) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#stream = new SessionStream<DiscoveryRequest, DiscoveryResponse>({
      open: (session) => {
        const client = session.clientOf('envoy.service.discovery.v3.AggregatedDiscoveryService');
        return client.DeltaAggregatedResources();
      },
      onOpen: () => {
        this.#stopReading();
        this.#state.startStream();
        this.#isFirstRequest = true;
        this.#flush();
      },
      onMessage: (response) => this.#receive(response),
      onClosed: (reason, code, retryInMs) => {
        this.#stopReading();
        const level = code === unavailable ? 'debug' : 'warn';
        options.log(level, 'the configuration stream ended', { reason, code, retryInMs: Math.round(retryInMs) });
      },
      clock: this.#clock,
      random: options.random ?? Math.random,
    });
  }

  attach(session: ControlPlaneSession): void {
    this.#stream.attach(session);
  }

  close(): void {
    this.#stopReading();
    this.#stream.close();
  }

  subscribe({ typeUrl, name }: ResourceName): void {
    this.#state.subscribe(typeUrl, name);
    this.#flushSoon();
  }

  unsubscribe({ typeUrl, name }: ResourceName): void {
    this.#state.unsubscribe(typeUrl, name);
    this.#flushSoon();
  }

  /** Says that this version is in use already, from an earlier run. */
  hold({ typeUrl, name }: ResourceName, version: string): void {
    this.#state.hold(typeUrl, name, version);
  }

  /** By type URL. */
  get counts(): ReadonlyMap<string, Readonly<TypeCounts>> {
    return this.#counts;
  }

  #flushSoon(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    this.#isFlushing = false;
    if (!this.#stream.isOpen) return;
    let isAsking = false;
    for (const request of this.#state.takeRequests(this.#clock.now())) {
      const node = this.#isFirstRequest ? this.#options.node : null;
      this.#isFirstRequest = false;
      // A stream that takes no more is about to be replaced by one on which all of this is said anew.
      if (!this.#stream.send(toWire(request, node))) return;
      isAsking ||= request.subscribe.length > 0;
    }
    if (isAsking) this.#clock.after(initialFetchTimeoutMs, () => this.#tellUnanswered());
  }

  #tellUnanswered(): void {
    for (const name of this.#state.takeUnanswered(this.#clock.now() - initialFetchTimeoutMs)) {
      this.#options.log('warn', 'no answer from the control plane', { type: name.typeUrl, name: name.name });
      this.#options.onUnanswered(name);
    }
  }

  #receive(response: DiscoveryResponse): void {
    const { type_url: typeUrl, resources } = response;
    if (!isResourceTypeUrl(typeUrl)) {
      // to remember each type that a server can think of would be memory without a bound
      this.#options.log('warn', 'an answer of a type that nobody asked for', { type: typeUrl.slice(0, 200) });
      return;
    }
    const parsed = new Map<string, R>();
    const received: ReceivedResource[] = [];
    this.#stream.pause();
    this.#stopReading = inSlices(
      resources,
      this.#clock,
      ({ name, version, resource }) => {
        const usable = this.#parse(typeUrl, name, version, resource);
        if (typeof usable !== 'string') parsed.set(name, usable);
        received.push({ name, version, reason: typeof usable === 'string' ? usable : null });
      },
      () => {
        this.#stream.resume();
        this.#take(response, received, parsed);
      },
    );
  }

  /** All of the response has been looked at. */
  #take(
    { type_url: typeUrl, nonce, removed_resources: removedNames }: DiscoveryResponse,
    received: readonly ReceivedResource[],
    parsed: ReadonlyMap<string, R>,
  ): void {
    const outcome = this.#state.receive(typeUrl, nonce, received, removedNames);
    this.#count(typeUrl, outcome.accepted.size, outcome.rejected.length);
    // What nobody asked for is answered with a NACK too, and concerns nobody here.
    const refused = outcome.rejected
      .filter(({ name }) => this.#state.isSubscribed(typeUrl, name))
      .map(({ name, version, reason }) => ({ typeUrl, name, version, reason: reason ?? '' }));
    for (const { name, version, reason } of refused) {
      this.#options.log('warn', 'a resource is rejected, what was in use stays', {
        type: typeUrl,
        name,
        version,
        reason,
      });
    }
    this.#options.onResponse(
      [...outcome.accepted].flatMap((name) => parsed.get(name) ?? []),
      outcome.removed.map((name) => ({ typeUrl, name })),
      refused,
    );
    // At once, with the subscriptions that the response led to.
    this.#flush();
  }

  #parse(
    typeUrl: string,
    name: string,
    version: string,
    resource: { readonly type_url: string; readonly value: Buffer } | null,
  ): R | string {
    if (resource === null) return 'it has no content';
    if (resource.type_url !== typeUrl) return `it is a ${resource.type_url} in a response of ${typeUrl}`;
    try {
      return this.#options.parse({ typeUrl, name, version, bytes: resource.value });
    } catch (error) {
      // A fault of ours must cost one resource, not the stream.
      return `it cannot be compiled: ${(error as Error).message}`;
    }
  }

  #count(typeUrl: string, accepted: number, rejected: number): void {
    let counts = this.#counts.get(typeUrl);
    if (counts === undefined) {
      counts = { accepted: 0, rejected: 0, lastAckMs: 0 };
      this.#counts.set(typeUrl, counts);
    }
    counts.accepted += accepted;
    counts.rejected += rejected;
    if (rejected === 0) counts.lastAckMs = this.#clock.now();
  }
}

const invalidArgument = 3;

function toWire(request: DeltaRequest, node: Node | null): DiscoveryRequest {
  return {
    ...(node === null ? {} : { node }),
    type_url: request.typeUrl,
    resource_names_subscribe: [...request.subscribe],
    resource_names_unsubscribe: [...request.unsubscribe],
    initial_resource_versions: Object.fromEntries(request.initialVersions),
    response_nonce: request.responseNonce,
    ...(request.errorDetail === null
      ? {}
      : { error_detail: { code: invalidArgument, message: request.errorDetail, details: [] } }),
  };
}

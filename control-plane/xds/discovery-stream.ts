import { status } from '@grpc/grpc-js';
import type { SpiffeId } from '../../certs/spiffe-id.ts';
import { workloadOf } from '../../certs/spiffe-id.ts';
import type { ResourceTypeUrl } from '../../proto/type-urls.ts';
import {
  CLUSTER_LOAD_ASSIGNMENT_TYPE_URL,
  CLUSTER_TYPE_URL,
  isResourceTypeUrl,
  LISTENER_TYPE_URL,
  RESOURCE_TYPE_URLS,
  ROUTE_CONFIGURATION_TYPE_URL,
} from '../../proto/type-urls.ts';
import type { NodeIdentity } from './node-identity.ts';
import type { RejectedResource } from './proxy-status.ts';
import type { Flushable } from './push-queue.ts';
import type { ClientView, ResourceGate } from './resource-gate.ts';
import type { Acknowledgement, Outgoing, SubscribedResource, Subscription, TypeView } from './subscription.ts';
import { TooManyNamesError } from './subscription.ts';

/** The part of both protocols' requests that the stream itself reads. */
export interface DiscoveryRequest {
  readonly type_url: string;
}

/** What differs between incremental and state of the world. */
export interface Protocol<Request extends DiscoveryRequest, Response> {
  subscription(typeUrl: ResourceTypeUrl): Subscription<Request>;
  response(outgoing: Outgoing, typeUrl: ResourceTypeUrl, nonce: string, revision: number): Response;
}

export interface DiscoveryStreamOptions<Request extends DiscoveryRequest, Response> {
  readonly protocol: Protocol<Request, Response>;
  readonly node: NodeIdentity;
  readonly identity: string;
  readonly address: string;
  readonly nowMs: number;
  readonly send: (response: Response) => void;
  /** Asks for {@link DiscoveryStream.flush}, soon and once. */
  readonly requestFlush: (stream: Flushable) => void;
  readonly onSent: (typeUrl: ResourceTypeUrl, outgoing: Outgoing) => void;
  readonly onAnswer: (typeUrl: ResourceTypeUrl, answer: Acknowledgement) => void;
  readonly now: () => number;
}

/** The stream must end with this gRPC status. */
export class StreamError extends Error {
  override readonly name = 'StreamError';
  readonly code: status;

  constructor(code: status, message: string) {
    super(message);
    this.code = code;
  }
}

const maxRejectionsKept = 32;
const maxReasonLength = 2048;

/**
 * One aggregated stream of one client: its subscriptions, and the order in which they are served.
 *
 * Make before break: clusters, endpoints, listeners, routes, secrets; a type waits while an earlier one has something to
 * send; clusters and endpoints that are gone are taken away only when listeners and routes no longer speak of them.
 * Each type has one response out at most, so that what a slow client costs is bounded by one snapshot.
 */
export class DiscoveryStream<Request extends DiscoveryRequest = DiscoveryRequest, Response = unknown>
  implements Flushable
{
  readonly node: NodeIdentity;
  readonly identity: string;
  readonly address: string;
  readonly connectedAtMs: number;
  lastPushMs = 0;
  readonly #options: DiscoveryStreamOptions<Request, Response>;
  readonly #client: ClientView;
  readonly #subscriptions = new Map<ResourceTypeUrl, Subscription<Request>>();
  #rejections: readonly RejectedResource[] = [];
  #gate: ResourceGate | null = null;
  #nonce = 0;

  constructor(options: DiscoveryStreamOptions<Request, Response>) {
    this.#options = options;
    this.node = options.node;
    this.identity = options.identity;
    this.address = options.address;
    this.connectedAtMs = options.nowMs;
    const { namespace, features, outboundPort } = options.node;
    // what was verified, or empty
    const serviceAccount = workloadOf(options.identity as SpiffeId)?.serviceAccount;
    this.#client = {
      workload: this.key,
      namespace,
      features,
      outboundPort,
      ...(serviceAccount !== undefined && { serviceAccount }),
    };
  }

  /** `namespace/name` of the workload. */
  get key(): string {
    return `${this.node.namespace}/${this.node.name}`;
  }

  /** Not our sidecar: it reports nothing but its ACKs. */
  get isStock(): boolean {
    return this.node.heddleVersion === '';
  }

  /** Takes in a request. A type we do not serve is passed over. @throws StreamError */
  receive(request: Request): void {
    const typeUrl = request.type_url;
    if (!isResourceTypeUrl(typeUrl)) {
      return;
    }
    let subscription = this.#subscriptions.get(typeUrl);
    if (subscription === undefined) {
      subscription = this.#options.protocol.subscription(typeUrl);
      this.#subscriptions.set(typeUrl, subscription);
    }
    try {
      const answer = subscription.receive(request);
      if (answer !== null) {
        this.#heard(typeUrl, answer);
      }
    } catch (error) {
      if (error instanceof TooManyNamesError) {
        throw new StreamError(status.RESOURCE_EXHAUSTED, error.message);
      }
      throw error;
    }
    this.#options.requestFlush(this);
  }

  /** Serves from this snapshot from now on. Whether anything this client subscribes to differs from what it has. */
  setGate(gate: ResourceGate): boolean {
    this.#gate = gate;
    const differs = [...this.#subscriptions].some(([typeUrl, subscription]) =>
      subscription.hasMore(this.#view(typeUrl, gate), true),
    );
    if (differs) {
      this.#options.requestFlush(this);
    }
    return differs;
  }

  /** Sends what may be sent now. */
  flush(): void {
    const gate = this.#gate;
    if (gate === null) {
      return;
    }
    for (const typeUrl of RESOURCE_TYPE_URLS) {
      if (!this.#serve(typeUrl, gate, !isRemovedLast(typeUrl))) {
        return; // a later type must not overtake it
      }
    }
    const areDone = [LISTENER_TYPE_URL, ROUTE_CONFIGURATION_TYPE_URL].every(
      (typeUrl) => !this.#subscriptions.get(typeUrl as ResourceTypeUrl)?.isAwaitingAnswer,
    );
    if (areDone) {
      this.#serve(CLUSTER_TYPE_URL, gate, true);
      this.#serve(CLUSTER_LOAD_ASSIGNMENT_TYPE_URL, gate, true);
    }
  }

  /** Everything subscribed to, by type. Empty before the first snapshot. */
  *resources(): Generator<{ readonly typeUrl: ResourceTypeUrl; readonly resource: SubscribedResource }> {
    for (const [typeUrl, subscription] of this.#gate === null ? [] : this.#subscriptions) {
      for (const resource of subscription.resources(this.#view(typeUrl, this.#gate as ResourceGate))) {
        yield { typeUrl, resource };
      }
    }
  }

  /** What this client has refused, newest first. */
  rejections(): readonly RejectedResource[] {
    return this.#rejections;
  }

  /** Whether nothing of this type is left to be sent. */
  #serve(typeUrl: ResourceTypeUrl, gate: ResourceGate, withRemovals: boolean): boolean {
    const subscription = this.#subscriptions.get(typeUrl);
    if (subscription === undefined) {
      return true;
    }
    const view = this.#view(typeUrl, gate);
    const nonce = String(this.#nonce + 1);
    const outgoing = subscription.next(view, { withRemovals, nonce });
    if (outgoing !== null) {
      this.#nonce += 1;
      this.lastPushMs = this.#options.now();
      this.#options.send(this.#options.protocol.response(outgoing, typeUrl, nonce, gate.revision));
      this.#options.onSent(typeUrl, outgoing);
      if (typeUrl === CLUSTER_TYPE_URL && this.isStock) {
        this.#resendEndpoints(outgoing);
      }
    }
    return !subscription.hasMore(view, withRemovals);
  }

  /** Envoy warms a cluster that was sent, changed or not, only with a new answer for its endpoints. */
  #resendEndpoints({ resources }: Outgoing): void {
    const endpoints = this.#subscriptions.get(CLUSTER_LOAD_ASSIGNMENT_TYPE_URL);
    for (const { name } of resources) {
      endpoints?.resend(name);
    }
  }

  #heard(typeUrl: ResourceTypeUrl, answer: Acknowledgement): void {
    if (answer.error !== null) {
      const [only, ...others] = answer.resources;
      const isOne = only !== undefined && others.length === 0;
      const rejection: RejectedResource = {
        typeUrl,
        name: isOne ? only.name : '',
        version: isOne ? only.version : '',
        reason: answer.error.slice(0, maxReasonLength),
        atMs: this.#options.now(),
      };
      this.#rejections = [rejection, ...this.#rejections].slice(0, maxRejectionsKept);
    }
    this.#options.onAnswer(typeUrl, answer);
  }

  #view(typeUrl: ResourceTypeUrl, gate: ResourceGate): TypeView {
    return {
      find: (name) => gate.find(this.#client, typeUrl, name),
      names: () => gate.names(this.#client, typeUrl),
    };
  }
}

/** Types whose removals come after everything else. */
function isRemovedLast(typeUrl: ResourceTypeUrl): boolean {
  return typeUrl === CLUSTER_TYPE_URL || typeUrl === CLUSTER_LOAD_ASSIGNMENT_TYPE_URL;
}

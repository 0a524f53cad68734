/** One request to send, before it becomes a `DeltaDiscoveryRequest`. */
export interface DeltaRequest {
  readonly typeUrl: string;
  readonly subscribe: readonly string[];
  readonly unsubscribe: readonly string[];
  /** Versions held from an earlier stream. Only in the first request of a type on a stream, otherwise empty. */
  readonly initialVersions: ReadonlyMap<string, string>;
  /** Nonce of the response this answers; empty when it answers none. */
  readonly responseNonce: string;
  /** Why the response is rejected; null when it is acknowledged or when this answers none. */
  readonly errorDetail: string | null;
}

/** What the client made of one resource of a response. */
export interface ReceivedResource {
  readonly name: string;
  readonly version: string;
  /** Why it cannot be used; null when it can. */
  readonly reason: string | null;
}

/** A name of a type. */
export interface ResourceName {
  readonly typeUrl: string;
  readonly name: string;
}

/** Names that one request carries at most: at 256 bytes a name this stays well below gRPC's 4 MiB. */
const maxNamesPerRequest = 8_000;

/** Longest `error_detail.message` sent, in characters; the rest of a long list of faults is counted, not quoted. */
const maxErrorDetailLength = 8_192;

/**
 * The client's side of incremental xDS over one aggregated stream after another: what is subscribed, which versions
 * are held, what has to be said next. Pure: it neither reads a clock nor sends.
 *
 * Subscriptions are collected until `takeRequests`, so a burst of changes becomes one request per type, and a change
 * that was taken back becomes none. Names are always explicit; `*` is never sent.
 *
 * A version is held from the moment its resource is accepted until the name is unsubscribed or removed. A rejected
 * resource leaves the version held before, so that a new stream's `initial_resource_versions` names what is really
 * in use and the control plane sends the newer one again.
 *
 * Source: xDS transport protocol, "Incremental xDS"; gRFC A46 (good resources of a bad response apply).
 */
export class DeltaState {
  readonly #types = new Map<string, TypeState>();

  subscribe(typeUrl: string, name: string): void {
    const type = this.#typeFor(typeUrl);
    if (type.wanted.has(name)) return;
    type.wanted.add(name);
    type.toUnsubscribe.delete(name);
    // Also when the server still counts it as subscribed: it must send the resource once more, since ours is forgotten.
    type.toSubscribe.add(name);
  }

  unsubscribe(typeUrl: string, name: string): void {
    const type = this.#typeFor(typeUrl);
    if (!type.wanted.delete(name)) return;
    type.versions.delete(name);
    type.unanswered.delete(name);
    type.toSubscribe.delete(name);
    if (type.announced.has(name)) type.toUnsubscribe.add(name);
  }

  isSubscribed(typeUrl: string, name: string): boolean {
    return this.#types.get(typeUrl)?.wanted.has(name) ?? false;
  }

  /** Says that this version is held already, from the snapshot of an earlier run. */
  hold(typeUrl: string, name: string, version: string): void {
    this.#typeFor(typeUrl).versions.set(name, version);
  }

  /** A new stream: the server knows nothing of this client, and old nonces mean nothing. */
  startStream(): void {
    for (const type of this.#types.values()) {
      type.isFirstOnStream = true;
      type.announced.clear();
      type.unanswered.clear();
      type.toUnsubscribe.clear();
      type.answers.length = 0;
      for (const name of type.wanted) type.toSubscribe.add(name);
    }
  }

  /** Everything that has to be sent now; `nowMs` starts the wait for names asked for the first time. */
  takeRequests(nowMs: number): DeltaRequest[] {
    const requests: DeltaRequest[] = [];
    for (const [typeUrl, type] of this.#types) {
      while (type.answers.length > 0 || type.toSubscribe.size > 0 || type.toUnsubscribe.size > 0) {
        requests.push(this.#nextRequest(typeUrl, type, nowMs));
      }
    }
    return requests;
  }

  /**
   * Takes in a response whose resources have been looked at, and queues its ACK or NACK. Answers the names whose
   * resource may be used: accepted ones that are still subscribed.
   *
   * A name that comes twice in one response is rejected in all its copies (xDS transport protocol).
   */
  receive(
    typeUrl: string,
    nonce: string,
    resources: readonly ReceivedResource[],
    removed: readonly string[],
  ): { accepted: Set<string>; removed: string[]; rejected: ReceivedResource[] } {
    const type = this.#typeFor(typeUrl);
    const rejected = rejectedOf(resources);
    const rejectedNames = new Set(rejected.map(({ name }) => name));
    const accepted = new Set<string>();
    for (const { name, version } of resources) {
      type.unanswered.delete(name);
      // A resource that crossed our unsubscribe on the wire is no fault; it is just not wanted any more.
      if (rejectedNames.has(name) || !type.wanted.has(name)) continue;
      type.versions.set(name, version);
      accepted.add(name);
    }
    const gone: string[] = [];
    for (const name of removed) {
      type.unanswered.delete(name);
      if (!type.wanted.has(name) || accepted.has(name)) continue;
      type.versions.delete(name);
      gone.push(name);
    }
    type.answers.push({ nonce, errorDetail: errorDetailOf(rejected, resources.length) });
    return { accepted, removed: gone, rejected };
  }

  /** Names asked for at or before `askedBeforeMs` that had no answer on this stream; each is told once. */
  takeUnanswered(askedBeforeMs: number): ResourceName[] {
    const overdue: ResourceName[] = [];
    for (const [typeUrl, type] of this.#types) {
      for (const [name, askedAtMs] of type.unanswered) {
        if (askedAtMs > askedBeforeMs) continue;
        type.unanswered.delete(name);
        overdue.push({ typeUrl, name });
      }
    }
    return overdue;
  }

  /** Names and held versions of a type, for diagnosis. */
  heldVersions(typeUrl: string): ReadonlyMap<string, string> {
    return this.#types.get(typeUrl)?.versions ?? noVersions;
  }

  #nextRequest(typeUrl: string, type: TypeState, nowMs: number): DeltaRequest {
    const answer = type.answers.shift();
    const subscribe = takeFrom(type.toSubscribe, maxNamesPerRequest);
    const unsubscribe = takeFrom(type.toUnsubscribe, maxNamesPerRequest - subscribe.length);
    for (const name of subscribe) {
      type.announced.add(name);
      if (!type.versions.has(name)) type.unanswered.set(name, nowMs);
    }
    for (const name of unsubscribe) type.announced.delete(name);
    const initialVersions = type.isFirstOnStream ? wantedVersions(type) : noVersions;
    type.isFirstOnStream = false;
    return {
      typeUrl,
      subscribe,
      unsubscribe,
      initialVersions,
      responseNonce: answer?.nonce ?? '',
      errorDetail: answer?.errorDetail ?? null,
    };
  }

  #typeFor(typeUrl: string): TypeState {
    let type = this.#types.get(typeUrl);
    if (type === undefined) {
      type = {
        wanted: new Set(),
        announced: new Set(),
        toSubscribe: new Set(),
        toUnsubscribe: new Set(),
        versions: new Map(),
        unanswered: new Map(),
        answers: [],
        isFirstOnStream: true,
      };
      this.#types.set(typeUrl, type);
    }
    return type;
  }
}

interface TypeState {
  readonly wanted: Set<string>;
  /** What the server on the other end of this stream counts as subscribed. */
  readonly announced: Set<string>;
  readonly toSubscribe: Set<string>;
  readonly toUnsubscribe: Set<string>;
  readonly versions: Map<string, string>;
  /** Name → when it was asked for, while no answer has come. */
  readonly unanswered: Map<string, number>;
  readonly answers: { readonly nonce: string; readonly errorDetail: string | null }[];
  isFirstOnStream: boolean;
}

const noVersions: ReadonlyMap<string, string> = new Map();

function rejectedOf(resources: readonly ReceivedResource[]): ReceivedResource[] {
  const copies = new Map<string, number>();
  for (const { name } of resources) copies.set(name, (copies.get(name) ?? 0) + 1);
  const rejected: ReceivedResource[] = [];
  for (const resource of resources) {
    const count = copies.get(resource.name) ?? 0;
    if (count > 1) {
      copies.set(resource.name, 0);
      rejected.push({ ...resource, reason: `the response holds it ${count} times` });
    } else if (count === 1 && resource.reason !== null) rejected.push(resource);
  }
  return rejected;
}

function errorDetailOf(rejected: readonly ReceivedResource[], total: number): string | null {
  if (rejected.length === 0) return null;
  let text = `rejected ${rejected.length} of ${total}:`;
  for (const [index, { name, reason }] of rejected.entries()) {
    const part = ` ${name}: ${reason};`;
    if (text.length + part.length > maxErrorDetailLength) {
      // The first is shortened rather than left out, so that a NACK never goes without a name.
      if (index === 0) text += part.slice(0, maxErrorDetailLength - text.length);
      const unnamed = rejected.length - Math.max(index, 1);
      return unnamed > 0 ? `${text} and ${unnamed} more` : text;
    }
    text += part;
  }
  return text.slice(0, -1);
}

/** Of what is held, what is still wanted: a snapshot may hold resources that nothing names any more. */
function wantedVersions(type: TypeState): Map<string, string> {
  const versions = new Map<string, string>();
  for (const [name, version] of type.versions) if (type.wanted.has(name)) versions.set(name, version);
  return versions;
}

function takeFrom(names: Set<string>, limit: number): string[] {
  const taken: string[] = [];
  for (const name of names) {
    if (taken.length >= limit) break;
    names.delete(name);
    taken.push(name);
  }
  return taken;
}

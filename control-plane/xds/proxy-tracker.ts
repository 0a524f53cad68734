import { setTimeout as sleep } from 'node:timers/promises';
import type { ResourceTypeUrl } from '../../proto/type-urls.ts';
import {
  CLUSTER_LOAD_ASSIGNMENT_TYPE_URL,
  CLUSTER_TYPE_URL,
  LISTENER_TYPE_URL,
  ROUTE_CONFIGURATION_TYPE_URL,
  SECRET_TYPE_URL,
} from '../../proto/type-urls.ts';
import type { DiscoveryStream } from './discovery-stream.ts';
import type { Convergence, ProxyStatus, ProxyStatusSource, RejectedResource, TypeStatus } from './proxy-status.ts';
import type { SubscribedResource } from './subscription.ts';

/** The part of a stream that status is made of. */
export type TrackedStream = Pick<
  DiscoveryStream,
  'key' | 'node' | 'identity' | 'address' | 'connectedAtMs' | 'lastPushMs' | 'isStock' | 'resources' | 'rejections'
>;

/** What one sidecar has reported on its Attach stream. */
export interface Attachment {
  readonly key: string;
  /** Version by {@link resourceKey}. */
  readonly inForce: Map<string, string>;
  /** By {@link resourceKey}. */
  readonly rejected: Map<string, RejectedResource>;
}

/** A change of the snapshot on its way to the proxies. */
export interface Push {
  /** Store revisions after this one, up to and with `to`, came with this push. */
  readonly from: number;
  readonly to: number;
  readonly registryRevision: number;
  /** When the first change in it was made. */
  readonly changedAtMs: number;
  /** Streams that have not been looked at yet. */
  readonly waiting: Set<TrackedStream>;
  readonly affected: Map<TrackedStream, Progress>;
}

interface Progress {
  state: 'pending' | 'inForce' | 'rejected';
  /** Since the change. */
  ms: number;
  reason: string;
}

const shortNames: Readonly<Record<ResourceTypeUrl, string>> = {
  [LISTENER_TYPE_URL]: 'LDS',
  [ROUTE_CONFIGURATION_TYPE_URL]: 'RDS',
  [CLUSTER_TYPE_URL]: 'CDS',
  [CLUSTER_LOAD_ASSIGNMENT_TYPE_URL]: 'EDS',
  [SECRET_TYPE_URL]: 'SDS',
};

/** Pushes remembered; one who asks for an older revision is told that nobody is known to wait for it. */
const maxPushes = 256;
const maxRejectionsShown = 32;

export function resourceKey(typeUrl: string, name: string): string {
  return `${typeUrl} ${name}`;
}

/**
 * What every connected proxy has, and how far each change has come.
 *
 * A proxy has a change in force once nothing it subscribes to differs between the newest snapshot and what it reported
 * to be in force (for a stock client: acknowledged). One that refused what differs, or for which we held it back, counts
 * as rejected. One that disconnects is no longer waited for.
 */
export class ProxyTracker implements ProxyStatusSource {
  readonly #now: () => number;
  readonly #onConverged: (ms: number) => void;
  /** Of two streams of one workload the later one counts, for as long as it is open. */
  readonly #streams = new Map<string, TrackedStream>();
  /** Streams that are open still and do not count, the earliest first; only of workloads that have such. */
  readonly #superseded = new Map<string, readonly TrackedStream[]>();
  readonly #attachments = new Map<string, Attachment>();
  readonly #convergenceMs = new WeakMap<TrackedStream, number | null>();
  #pushes: readonly Push[] = [];
  readonly #waiters = new Set<() => void>();

  constructor(options: { readonly now?: () => number; readonly onConverged?: (ms: number) => void } = {}) {
    this.#now = options.now ?? Date.now;
    this.#onConverged = options.onConverged ?? (() => {});
  }

  get size(): number {
    return this.#streams.size;
  }

  /** A program that is started twice has two streams under one name, and so has a sidecar that comes back early. */
  opened(stream: TrackedStream): void {
    const earlier = this.#streams.get(stream.key);
    this.#streams.set(stream.key, stream);
    if (earlier === undefined) return;
    this.#superseded.set(stream.key, [...this.#supersededBy(stream.key), earlier]);
    this.#forget(earlier);
  }

  closed(stream: TrackedStream): void {
    const others = this.#supersededBy(stream.key).filter((other) => other !== stream);
    if (this.#streams.get(stream.key) === stream) {
      const latest = others.pop();
      if (latest === undefined) this.#streams.delete(stream.key);
      else this.#streams.set(stream.key, latest);
    }
    if (others.length === 0) this.#superseded.delete(stream.key);
    else this.#superseded.set(stream.key, others);
    this.#forget(stream);
  }

  #supersededBy(key: string): readonly TrackedStream[] {
    return this.#superseded.get(key) ?? [];
  }

  /** Nobody waits for this stream any more. */
  #forget(stream: TrackedStream): void {
    for (const push of this.#pushes) {
      push.waiting.delete(stream);
      push.affected.delete(stream);
    }
    this.#wake();
  }

  attached(key: string): Attachment {
    const attachment = { key, inForce: new Map(), rejected: new Map() };
    this.#attachments.set(key, attachment);
    return attachment;
  }

  detached(attachment: Attachment): void {
    if (this.#attachments.get(attachment.key) === attachment) {
      this.#attachments.delete(attachment.key);
    }
  }

  /** A push begins; `streams` are yet to be looked at. */
  pushed(push: Omit<Push, 'waiting' | 'affected'>, streams: Iterable<TrackedStream>): Push {
    const begun: Push = { ...push, waiting: new Set(streams), affected: new Map() };
    this.#pushes = [...this.#pushes, begun].slice(-maxPushes);
    this.#wake();
    return begun;
  }

  /** A stream was looked at for these pushes. */
  evaluated(stream: TrackedStream, pushes: readonly Push[], isAffected: boolean): void {
    for (const push of pushes) {
      push.waiting.delete(stream);
      if (isAffected && this.#streams.get(stream.key) === stream) {
        push.affected.set(stream, { state: 'pending', ms: 0, reason: '' });
        this.#convergenceMs.set(stream, null);
      }
    }
    this.progressed(stream.key);
  }

  /** To be called when a proxy may have come further: it acknowledged, reported or rejected something. */
  progressed(key: string): void {
    const stream = this.#streams.get(key);
    const open = stream === undefined ? [] : this.#pushes.filter((push) => isOpen(push.affected.get(stream)));
    if (stream !== undefined && (open.length > 0 || this.#convergenceMs.get(stream) === undefined)) {
      const { state, reason } = this.#assess(stream);
      if (state !== 'pending') {
        this.#settle(stream, open, state, reason);
      }
    }
    this.#wake();
  }

  list(): readonly ProxyStatus[] {
    return [...this.#streams.values()]
      .map((stream) => this.#statusOf(stream))
      .sort((a, b) => (`${a.namespace}/${a.name}` < `${b.namespace}/${b.name}` ? -1 : 1));
  }

  async convergence(revision: number, timeoutMs: number, signal: AbortSignal): Promise<Convergence> {
    const find = () => this.#pushes.find(({ from, to }) => from < revision && revision <= to) ?? null;
    await this.#settled(() => (revision <= this.#latestRevision() ? (find() ?? 'forgotten') : null), timeoutMs, signal);
    const push = find();
    const progress = push === null ? [] : [...push.affected];
    const pending = progress.filter(([, { state }]) => state === 'pending').map(([stream]) => stream);
    return {
      revision,
      translated: revision <= this.#latestRevision(),
      affected: progress.length,
      inForce: progress.filter(([, { state }]) => state === 'inForce').length,
      pending: [...pending, ...(push?.waiting ?? [])].map(({ key }) => key).sort(),
      rejected: progress
        .filter(([, { state }]) => state === 'rejected')
        .map(([{ key }, { reason }]) => ({ proxy: key, reason })),
      slowestMs: Math.max(0, ...progress.filter(([, { state }]) => state === 'inForce').map(([, { ms }]) => ms)),
    };
  }

  /** Waits, at most `timeoutMs`, until all proxies have in force what the registry held at this revision. */
  async registryInForce(registryRevision: number, timeoutMs: number, signal: AbortSignal): Promise<void> {
    const find = () => this.#pushes.find((push) => push.registryRevision >= registryRevision) ?? null;
    await this.#settled(find, timeoutMs, signal);
  }

  #latestRevision(): number {
    return this.#pushes.at(-1)?.to ?? -1;
  }

  async #settled(find: () => Push | 'forgotten' | null, timeoutMs: number, signal: AbortSignal): Promise<void> {
    const isSettled = (): boolean => {
      const push = find();
      return (
        push === 'forgotten' || (push !== null && push.waiting.size === 0 && ![...push.affected.values()].some(isOpen))
      );
    };
    if (isSettled() || signal.aborted) {
      return;
    }
    const done = new AbortController();
    const wake = (): void => {
      if (isSettled()) {
        done.abort();
      }
    };
    this.#waiters.add(wake);
    const either = AbortSignal.any([done.signal, signal]);
    // An abort is the usual end of this wait, not a fault.
    await sleep(timeoutMs, undefined, { signal: either, ref: false }).catch(() => {});
    this.#waiters.delete(wake);
  }

  #wake(): void {
    for (const wake of [...this.#waiters]) {
      wake();
    }
  }

  #settle(stream: TrackedStream, open: readonly Push[], state: 'inForce' | 'rejected', reason: string): void {
    const nowMs = this.#now();
    for (const push of open) {
      const ms = nowMs - push.changedAtMs;
      push.affected.set(stream, { state, ms, reason });
      if (state === 'inForce') {
        this.#onConverged(ms);
      }
    }
    if (state === 'inForce') {
      this.#convergenceMs.set(stream, nowMs - (open.at(-1)?.changedAtMs ?? stream.connectedAtMs));
    }
  }

  #assess(stream: TrackedStream): { state: Progress['state']; reason: string } {
    const attachment = this.#attachments.get(stream.key);
    let reason = '';
    for (const { typeUrl, resource } of stream.resources()) {
      if (!isInForce(stream, attachment, typeUrl, resource)) {
        const refusal = refusalOf(stream, attachment, typeUrl, resource);
        if (refusal === null) {
          return { state: 'pending', reason: '' };
        }
        reason ||= refusal;
      } else if (resource.fault !== null) {
        reason ||= `held back by the control plane: ${resource.name}: ${resource.fault}`;
      }
    }
    return { state: reason === '' ? 'inForce' : 'rejected', reason };
  }

  #statusOf(stream: TrackedStream): ProxyStatus {
    const attachment = this.#attachments.get(stream.key);
    const resources: Record<string, { -readonly [Key in keyof TypeStatus]: TypeStatus[Key] }> = {};
    const heldBack: RejectedResource[] = [];
    for (const { typeUrl, resource } of stream.resources()) {
      resources[shortNames[typeUrl]] ??= { subscribed: 0, sent: 0, acknowledged: 0, inForce: 0, rejected: 0 };
      const counts = resources[shortNames[typeUrl]] as { -readonly [Key in keyof TypeStatus]: TypeStatus[Key] };
      counts.subscribed += 1;
      const exists = resource.current !== null;
      counts.sent += exists && resource.sent === resource.current ? 1 : 0;
      counts.acknowledged += exists && resource.acknowledged === resource.current ? 1 : 0;
      // what does not exist, and is not in force either, is as it should be
      counts.inForce += isInForce(stream, attachment, typeUrl, resource) ? 1 : 0;
      if (resource.fault !== null) {
        const reason = `held back by the control plane: ${resource.fault}`;
        heldBack.push({ typeUrl, name: resource.name, version: '', reason, atMs: 0 });
      }
      counts.rejected += refusalOf(stream, attachment, typeUrl, resource) === null ? 0 : 1;
    }
    const { name, namespace, service, version, heddleVersion } = stream.node;
    const reported = [...(attachment?.rejected.values() ?? []), ...stream.rejections()];
    return {
      name,
      namespace,
      service,
      version,
      identity: stream.identity,
      address: stream.address,
      connectedAtMs: stream.connectedAtMs,
      heddleVersion,
      resources,
      rejected: [...heldBack, ...reported.sort((a, b) => b.atMs - a.atMs)].slice(0, maxRejectionsShown),
      synced: this.#assess(stream).state === 'inForce',
      lastPushMs: stream.lastPushMs,
      convergenceMs: this.#convergenceMs.get(stream) ?? null,
    };
  }
}

function isOpen(progress: Progress | undefined): boolean {
  return progress?.state === 'pending';
}

function isInForce(
  stream: TrackedStream,
  attachment: Attachment | undefined,
  typeUrl: string,
  { name, current, acknowledged }: SubscribedResource,
): boolean {
  const inForce = stream.isStock ? acknowledged : attachment?.inForce.get(resourceKey(typeUrl, name));
  return (inForce ?? null) === current;
}

/** Why what differs will stay so until it changes; `null` when it is only under way. */
function refusalOf(
  stream: TrackedStream,
  attachment: Attachment | undefined,
  typeUrl: string,
  { name, current, fault }: SubscribedResource,
): string | null {
  if (fault !== null) {
    return `held back by the control plane: ${name}: ${fault}`;
  }
  const own = attachment?.rejected.get(resourceKey(typeUrl, name));
  const found = own?.version === current ? own : refusedIn(stream, typeUrl, name, current);
  return found === undefined ? null : `${name}: ${found.reason}`;
}

function refusedIn(stream: TrackedStream, typeUrl: string, name: string, current: string | null) {
  return stream
    .rejections()
    .find((rejected) => rejected.typeUrl === typeUrl && rejected.name === name && rejected.version === current);
}

import type { ResourceName } from './delta-state.ts';

/** What warming has to know of a resource. */
export interface WarmingResource extends ResourceName {
  readonly version: string;
  /** Resources that must be settled before this one may decide requests, all of a type that comes earlier. */
  readonly needs: readonly ResourceName[];
}

/** Who carries out what `Warming` decides. Called in an order that is safe at each step. */
export interface WarmingSink<R extends WarmingResource> {
  subscribe(name: ResourceName): void;
  unsubscribe(name: ResourceName): void;
  /** From now on this version counts; all it needs is in force already, or known to be absent. */
  put(resource: R): void;
  /** The control plane says that this does not exist. Nothing in force needs it, or its grace is over. */
  absent(name: ResourceName): void;
  /** Nothing needs it any more: it was unsubscribed, and whatever was made of it can drain. */
  forget(name: ResourceName): void;
}

/** How long a removed resource that is still needed stays in force, waiting for the update that lets go of it. */
export const removalGraceMs = 5_000;

/**
 * Decides when a received resource may take effect, so that no order on the wire can break a request: a route is put
 * in force only once each cluster that it names has its endpoints or is known not to exist, a cluster only once its
 * endpoints have come. Until then what was in force stays.
 *
 * A resource is *settled* when some version is in force or it is known to be absent; the newest version goes in force
 * as soon as all it needs is settled. Subscriptions follow by themselves: the roots, what they need in the newest
 * version, and what they need in the version in force. What falls out of that is unsubscribed after the swap.
 *
 * Removal is the same in reverse. A root that is removed goes at once. A cluster that is removed while a route in
 * force still names it stays until that route changes, at most `removalGraceMs`.
 *
 * Pure: time comes in as an argument, effects go out through the sink.
 *
 * Source: gRFC A74 (xDS config tears); xDS transport protocol, "Resource warming".
 */
export class Warming<R extends WarmingResource> {
  readonly #sink: WarmingSink<R>;
  readonly #nodes: ReadonlyMap<string, Map<string, Node<R>>>;
  /** Types with what is needed before what needs it. */
  readonly #typeOrder: readonly string[];

  constructor(typeOrder: readonly string[], sink: WarmingSink<R>) {
    this.#sink = sink;
    this.#typeOrder = typeOrder;
    this.#nodes = new Map(typeOrder.map((typeUrl) => [typeUrl, new Map()]));
  }

  /** Wants a resource for its own sake. */
  addRoot(name: ResourceName): void {
    this.#nodeFor(name).isRoot = true;
  }

  /** Lets go of a root; what only it needed goes with it. */
  removeRoot(name: ResourceName, nowMs: number): void {
    const node = this.#find(name);
    if (node === undefined || !node.isRoot) return;
    node.isRoot = false;
    this.#settle(nowMs);
  }

  /** The version in force, `'absent'` when the control plane said that there is none, null while nothing is known. */
  inForce(name: ResourceName): R | 'absent' | null {
    return this.#find(name)?.inForce ?? null;
  }

  /** The newest that was taken in, in force or not; as `inForce` otherwise. */
  latest(name: ResourceName): R | 'absent' | null {
    return this.#find(name)?.latest ?? null;
  }

  /** Takes in what one response brought. Resources that nothing asked for are ignored. */
  update(changed: Iterable<R>, removed: Iterable<ResourceName>, nowMs: number): void {
    let isSettled = true;
    for (const resource of changed) {
      const node = this.#find(resource);
      if (node === undefined) continue;
      if (this.#replace(node, resource)) continue;
      node.latest = resource;
      isSettled = false;
    }
    for (const name of removed) {
      const node = this.#find(name);
      if (node === undefined || node.latest === 'absent') continue;
      node.latest = 'absent';
      node.removedAtMs = nowMs;
      isSettled = false;
    }
    if (!isSettled) this.#settle(nowMs);
  }

  /**
   * No answer came in time. A resource that others need then counts as absent, so that they need not wait for ever.
   * A root stays unknown: that a service does not exist is only ever believed when the control plane says so.
   */
  giveUp(name: ResourceName, nowMs: number): void {
    const node = this.#find(name);
    if (node === undefined || node.isRoot || node.latest !== null) return;
    node.latest = 'absent';
    this.#settle(nowMs);
  }

  /** Carries out removals whose grace is over. */
  expireRemovals(nowMs: number): void {
    this.#settle(nowMs);
  }

  /** Resources received but not yet in force, with what each of them waits for. */
  *waiting(): Iterable<{ readonly resource: R; readonly missing: readonly ResourceName[] }> {
    for (const nodes of this.#nodes.values()) {
      for (const { latest, inForce } of nodes.values()) {
        if (latest === null || latest === 'absent' || latest === inForce) continue;
        yield { resource: latest, missing: latest.needs.filter((need) => !this.#isSettled(need)) };
      }
    }
  }

  /** All that is in force, needed before needing. */
  *resources(): Iterable<R> {
    for (const typeUrl of this.#typeOrder) {
      for (const { inForce } of this.#nodes.get(typeUrl)?.values() ?? []) {
        if (inForce !== null && inForce !== 'absent') yield inForce;
      }
    }
  }

  /**
   * A newer version that needs what the one in force needs changes nothing for others, and goes in force at once. Most
   * updates are of endpoints and so of this kind; looking at everything would cost 2 ms with 2000 services.
   */
  #replace(node: Node<R>, resource: R): boolean {
    const { latest, inForce } = node;
    if (inForce === null || inForce === 'absent' || latest !== inForce) return false;
    const isSame = (need: ResourceName, index: number) => need.name === inForce.needs[index]?.name;
    // Equal names are of equal types: what a type needs is always of one other type.
    if (resource.needs.length !== inForce.needs.length || !resource.needs.every(isSame)) return false;
    node.latest = resource;
    node.inForce = resource;
    this.#sink.put(resource);
    return true;
  }

  #settle(nowMs: number): void {
    this.#follow();
    for (const typeUrl of this.#typeOrder) {
      for (const node of this.#nodes.get(typeUrl)?.values() ?? []) this.#promote(node);
    }
    this.#release(nowMs);
  }

  /** Asks for whatever is needed and not yet known about. Needing types come last, so one pass in reverse suffices. */
  #follow(): void {
    for (const typeUrl of this.#typeOrder.toReversed()) {
      for (const { latest } of this.#nodes.get(typeUrl)?.values() ?? []) {
        if (latest === null || latest === 'absent') continue;
        for (const need of latest.needs) this.#nodeFor(need);
      }
    }
  }

  #promote(node: Node<R>): void {
    const { latest } = node;
    if (latest === null || latest === 'absent' || latest === node.inForce) return;
    if (!latest.needs.every((need) => this.#isSettled(need))) return;
    node.inForce = latest;
    this.#sink.put(latest);
  }

  /** Removes what may go, needing before needed. */
  #release(nowMs: number): void {
    const needed = new Set<Node<R>>();
    const neededInForce = new Set<Node<R>>();
    for (const typeUrl of this.#typeOrder.toReversed()) {
      const nodes = this.#nodes.get(typeUrl) ?? new Map<string, Node<R>>();
      for (const node of nodes.values()) {
        if (!node.isRoot && !needed.has(node)) {
          nodes.delete(node.name);
          this.#sink.unsubscribe(node);
          if (node.inForce !== null) this.#sink.forget(node);
          continue;
        }
        const isHeld = neededInForce.has(node) && nowMs - node.removedAtMs < removalGraceMs;
        if (node.latest === 'absent' && node.inForce !== 'absent' && (node.inForce === null || !isHeld)) {
          node.inForce = 'absent';
          this.#sink.absent(node);
        }
        this.#mark(node.latest, needed);
        this.#mark(node.inForce, needed);
        this.#mark(node.inForce, neededInForce);
      }
    }
  }

  #mark(of: R | 'absent' | null, marked: Set<Node<R>>): void {
    if (of === null || of === 'absent') return;
    for (const need of of.needs) {
      const node = this.#find(need);
      if (node !== undefined) marked.add(node);
    }
  }

  #isSettled(name: ResourceName): boolean {
    const node = this.#find(name);
    return node !== undefined && (node.inForce !== null || node.latest === 'absent');
  }

  #find({ typeUrl, name }: ResourceName): Node<R> | undefined {
    return this.#nodes.get(typeUrl)?.get(name);
  }

  #nodeFor({ typeUrl, name }: ResourceName): Node<R> {
    const nodes = this.#nodes.get(typeUrl);
    if (nodes === undefined) throw new Error(`no such resource type: ${typeUrl}`);
    let node = nodes.get(name);
    if (node === undefined) {
      node = { typeUrl, name, isRoot: false, latest: null, inForce: null, removedAtMs: 0 };
      nodes.set(name, node);
      this.#sink.subscribe(node);
    }
    return node;
  }
}

interface Node<R> extends ResourceName {
  isRoot: boolean;
  /** The newest that was received; null while nothing was. */
  latest: R | 'absent' | null;
  inForce: R | 'absent' | null;
  /** When `latest` became `'absent'`; means nothing otherwise. */
  removedAtMs: number;
}

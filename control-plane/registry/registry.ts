import { isDeepStrictEqual } from 'node:util';
import type { RegisteredWorkload, RegistryView, RememberedService } from './registered-workload.ts';
import { workloadKey } from './registered-workload.ts';
import { ServiceMemory } from './service-memory.ts';

/** DESIGN: a sidecar renews every 3 s, so a lease outlives three lost renewals. */
export const leaseTtlMs = 10_000;
export const renewIntervalMs = 3_000;

/** Fewer than this may run out together as they like: with one or two, "more than half" means nothing. */
const minimumHeld = 3;

/**
 * See {@link Registry}: how long what looks dead is kept at least, and at most, once others have shown that they are
 * alive. A sidecar that lives is back after 40 s: it waits up to 30 s between attempts, of which each has 10 s.
 */
const minHoldMs = 40_000;
const maxHoldMs = 10 * 60_000;

/** Which process speaks for a workload. */
export interface Owner {
  /** UUID of the sidecar's process. */
  readonly instanceId: string;
  /** When that process started, in milliseconds since the epoch: of two instances the later one owns the name. */
  readonly generation: number;
}

export interface Registration extends Owner {
  readonly workload: RegisteredWorkload;
}

/** Another process owns the name. The message says which rule decided. */
export class NameTakenError extends Error {
  override readonly name = 'NameTakenError';
}

/** What a later process needs to go on where this one ends. */
export interface RegistryState {
  readonly registrations: readonly Registration[];
  readonly remembered: readonly RememberedService[];
}

/** So many workloads of one identity are registered that there may be no more. */
export class TooManyWorkloadsError extends Error {
  override readonly name = 'TooManyWorkloadsError';
}

export interface RegistryOptions {
  /** Milliseconds since the epoch. The default does not step when somebody sets the clock, which would end leases. */
  readonly now?: () => number;
  readonly ttlMs?: number;
  /** As many as may have a stream each. More names than processes that could hold them are made up. Default 500. */
  readonly maxPerIdentity?: number;
}

interface Lease extends Registration {
  expiresAtMs: number;
}

/**
 * Who is running now: one lease for each workload, in memory; and which services ran until lately.
 *
 * A lease ends when its owner withdraws it, at once, or when it was not renewed for one TTL. When more than half of all
 * leases (and at least 3), and of more than half of all identities, are ending within one TTL, it is likelier that we cannot hear than that all of them died, so
 * those that are due are kept and {@link held} names them. A lease counts as ending after half its TTL without a renewal,
 * when at least one is overdue: else the first half would be gone before the rest is due. Once a lease
 * was renewed or registered during the hold, the others have 40 s to come back too. Then they go as soon as the share is
 * half or less, and in any case after 10 minutes.
 *
 * The owner calls {@link sweep} about twice a second. Source of the hold: Eureka's self-preservation.
 */
export class Registry {
  readonly #now: () => number;
  readonly #ttlMs: number;
  readonly #maxPerIdentity: number;
  readonly #leases = new Map<string, Lease>();
  /** Leases by SPIFFE id. */
  readonly #countOf = new Map<string, number>();
  readonly #memory = new ServiceMemory();
  readonly #listeners = new Set<() => void>();
  /** When leases ran out and were removed, within the last TTL; without those that have come back. */
  readonly #recentlyRemovedMs = new Map<string, number>();
  #held: readonly string[] = [];
  #heldAliveSinceMs: number | null = null;
  #revision = 0;
  #view: RegistryView | null = null;

  constructor({ now = steadyNow, ttlMs = leaseTtlMs, maxPerIdentity = 500 }: RegistryOptions = {}) {
    this.#now = now;
    this.#ttlMs = ttlMs;
    this.#maxPerIdentity = maxPerIdentity;
  }

  /** Everything registered now, and what is remembered. The same object until something changes. */
  view(): RegistryView {
    this.#view ??= Object.freeze({
      revision: this.#revision,
      workloads: Object.freeze(
        [...this.#leases.values()].map((lease) => lease.workload).sort((a, b) => compareKeys(a, b)),
      ),
      remembered: Object.freeze(this.#memory.entries()),
    });
    return this.#view;
  }

  /** What is registered under a name, or `null`. */
  find(workload: { readonly namespace: string; readonly name: string }): RegisteredWorkload | null {
    return this.#leases.get(workloadKey(workload))?.workload ?? null;
  }

  /** Calls `listener` after each change of the view, synchronously. Returns how to stop that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Keys of leases that are past their time and kept; see the class. */
  held(): readonly string[] {
    return this.#held;
  }

  /** All leases and what is remembered, for {@link restore} in a later process. */
  state(): RegistryState {
    const registrations = [...this.#leases.values()].map(({ workload, instanceId, generation }) => ({
      workload,
      instanceId,
      generation,
    }));
    return { registrations, remembered: this.view().remembered };
  }

  /**
   * Gives every lease that an earlier process knew one full TTL, and remembers what it remembered for the rest of its
   * time. What is registered already stays as it is.
   */
  restore({ registrations, remembered }: RegistryState): void {
    for (const registration of registrations) {
      const key = workloadKey(registration.workload);
      if (!this.#leases.has(key)) {
        this.#put(key, registration);
      }
    }
    this.#memory.restore(remembered, this.#now());
    this.#changed();
  }

  /**
   * Registers or, from the owner, registers anew. A later process of the same identity takes the name over.
   *
   * @throws NameTakenError for an earlier process than the owner, and for another identity while the lease lives
   * @throws TooManyWorkloadsError
   */
  register(registration: Registration): void {
    const key = workloadKey(registration.workload);
    const current = this.#leases.get(key);
    if (current !== undefined) {
      refuseTakeover(key, current, registration, this.#now());
    } else {
      this.#refuseTooMany(registration.workload.identity);
    }
    this.#signOfLife();
    this.#put(key, registration);
    if (current === undefined || !sameWorkload(current.workload, registration.workload)) {
      this.#changed();
    }
  }

  /** `false` when this owner has no such lease (any more): it must register again. */
  renew(key: string, owner: Owner): boolean {
    const lease = this.#leases.get(key);
    if (lease === undefined || !isOwner(lease, owner)) {
      return false;
    }
    this.#signOfLife();
    lease.expiresAtMs = this.#now() + this.#ttlMs;
    return true;
  }

  /** `false` when this owner has no such lease; then nothing changes. */
  withdraw(key: string, owner: Owner): boolean {
    const lease = this.#leases.get(key);
    if (lease === undefined || !isOwner(lease, owner)) {
      return false;
    }
    this.#remove(key, lease);
    this.#changed();
    return true;
  }

  /** Removes, or holds, what has run out, and forgets what has been remembered for long enough. */
  sweep(): void {
    const now = this.#now();
    const due = [...this.#leases].filter(([, lease]) => lease.expiresAtMs <= now);
    const mustHold = due.length > 0 && this.#mustHold(now);
    this.#held = mustHold ? due.map(([key]) => key) : [];
    if (!mustHold) {
      this.#heldAliveSinceMs = null;
      for (const [key, lease] of due) {
        this.#remove(key, lease);
        this.#recentlyRemovedMs.set(key, now);
      }
    }
    const hasForgotten = this.#memory.forget(now);
    if (hasForgotten || (due.length > 0 && !mustHold)) {
      this.#changed();
    }
  }

  /** Whether leases that are due are kept; see the class. */
  #mustHold(now: number): boolean {
    for (const [key, removedMs] of this.#recentlyRemovedMs) {
      if (removedMs <= now - this.#ttlMs) {
        this.#recentlyRemovedMs.delete(key);
      }
    }
    const isSilent = ({ expiresAtMs }: Lease): boolean => expiresAtMs - now < this.#ttlMs / 2;
    const ending = [...this.#leases.values()].filter(isSilent).length + this.#recentlyRemovedMs.size;
    const areMost =
      ending >= minimumHeld &&
      ending > (this.#leases.size + this.#recentlyRemovedMs.size) / 2 &&
      this.#areOfMostIdentities([...this.#leases.values()].filter(isSilent));
    if (this.#heldAliveSinceMs === null) {
      return areMost;
    }
    const heardForMs = now - this.#heldAliveSinceMs;
    return heardForMs < minHoldMs || (areMost && heardForMs < maxHoldMs);
  }

  /** Or one identity that registers many names and falls silent could keep everybody's dead instances in the lists. */
  #areOfMostIdentities(silent: readonly Lease[]): boolean {
    const identitiesOf = (leases: Iterable<Lease>) =>
      new Set([...leases].map(({ workload }) => workload.identity)).size;
    return identitiesOf(silent) * 2 > identitiesOf(this.#leases.values());
  }

  #refuseTooMany(identity: string): void {
    const count = this.#countOf.get(identity) ?? 0;
    if (count >= this.#maxPerIdentity) {
      throw new TooManyWorkloadsError(`${identity} has ${count} workloads, which is all it may have`);
    }
  }

  #count(identity: string, difference: 1 | -1): void {
    const count = (this.#countOf.get(identity) ?? 0) + difference;
    if (count === 0) {
      this.#countOf.delete(identity);
    } else {
      this.#countOf.set(identity, count);
    }
  }

  #put(key: string, registration: Registration): void {
    const replaced = this.#leases.get(key);
    this.#leases.set(key, { ...registration, expiresAtMs: this.#now() + this.#ttlMs });
    this.#recentlyRemovedMs.delete(key);
    this.#memory.came(registration.workload);
    if (replaced === undefined) {
      this.#count(registration.workload.identity, 1);
    } else {
      this.#memory.left(replaced.workload, this.#now(), registration.workload);
    }
  }

  #remove(key: string, { workload }: Lease): void {
    this.#leases.delete(key);
    this.#count(workload.identity, -1);
    this.#memory.left(workload, this.#now());
  }

  #signOfLife(): void {
    if (this.#held.length > 0) {
      this.#heldAliveSinceMs ??= this.#now();
    }
  }

  #changed(): void {
    this.#revision += 1;
    this.#view = null;
    for (const listener of this.#listeners) {
      listener();
    }
  }
}

/** Comparable between processes, like the clock, and only ever forward within one. */
function steadyNow(): number {
  return Math.floor(performance.timeOrigin + performance.now());
}

function isOwner(lease: Lease, { instanceId, generation }: Owner): boolean {
  return lease.instanceId === instanceId && lease.generation === generation;
}

function refuseTakeover(key: string, current: Lease, next: Registration, nowMs: number): void {
  // A lease that is held past its time may be dead; its name still belongs to its identity.
  if (current.workload.identity !== next.workload.identity) {
    throw new NameTakenError(`${key} is registered by ${current.workload.identity}`);
  }
  const isLive = current.expiresAtMs > nowMs;
  if (isLive && current.instanceId !== next.instanceId && current.generation >= next.generation) {
    throw new NameTakenError(`${key} is registered by a process that started later or at the same time`);
  }
}

/** Whether others would notice a difference. */
function sameWorkload(a: RegisteredWorkload, b: RegisteredWorkload): boolean {
  return isDeepStrictEqual({ ...a, registeredAtMs: 0 }, { ...b, registeredAtMs: 0 });
}

function compareKeys(a: RegisteredWorkload, b: RegisteredWorkload): number {
  const [first, second] = [workloadKey(a), workloadKey(b)];
  return first < second ? -1 : first > second ? 1 : 0;
}

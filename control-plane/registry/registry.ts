import { isDeepStrictEqual } from 'node:util';
import type { RegisteredWorkload, RegistryView } from './registered-workload.ts';
import { workloadKey } from './registered-workload.ts';

/** DESIGN: a sidecar renews every 3 s, so a lease outlives three lost renewals. */
export const leaseTtlMs = 10_000;
export const renewIntervalMs = 3_000;

/** Fewer than this may run out together as they like: with one or two, "more than half" means nothing. */
const minimumHeld = 3;

/** See {@link Registry}: how long what looks dead is kept once others have shown that they are alive. */
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

export interface RegistryOptions {
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  readonly ttlMs?: number;
}

interface Lease extends Registration {
  expiresAtMs: number;
}

/**
 * Who is running now: one lease for each workload, in memory.
 *
 * A lease ends when its owner withdraws it, at once, or when it was not renewed for one TTL. When more than half of all
 * leases (and at least 3) would end within one TTL, it is likelier that we cannot hear than that all of them died, so
 * these are kept and {@link held} names them. They go once the share falls to half or less, or 10 minutes after the
 * first lease was renewed or registered during the hold: by then every sidecar that lives has come back.
 *
 * The owner calls {@link sweep} about twice a second. Source of the hold: Eureka's self-preservation.
 */
export class Registry {
  readonly #now: () => number;
  readonly #ttlMs: number;
  readonly #leases = new Map<string, Lease>();
  readonly #listeners = new Set<() => void>();
  /** When leases ran out and were removed, within the last TTL. */
  #recentlyRemovedMs: number[] = [];
  #held: readonly string[] = [];
  #heldAliveSinceMs: number | null = null;
  #revision = 0;
  #view: RegistryView | null = null;

  constructor({ now = Date.now, ttlMs = leaseTtlMs }: RegistryOptions = {}) {
    this.#now = now;
    this.#ttlMs = ttlMs;
  }

  /** Everything registered now. The same object until something changes. */
  view(): RegistryView {
    this.#view ??= Object.freeze({
      revision: this.#revision,
      workloads: Object.freeze(
        [...this.#leases.values()].map((lease) => lease.workload).sort((a, b) => compareKeys(a, b)),
      ),
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

  /** All leases, for {@link restore} in a later process. */
  registrations(): Registration[] {
    return [...this.#leases.values()].map(({ workload, instanceId, generation }) => ({
      workload,
      instanceId,
      generation,
    }));
  }

  /** Gives every lease that an earlier process knew one full TTL. What is registered already stays as it is. */
  restore(registrations: readonly Registration[]): void {
    for (const registration of registrations) {
      const key = workloadKey(registration.workload);
      if (!this.#leases.has(key)) {
        this.#leases.set(key, { ...registration, expiresAtMs: this.#now() + this.#ttlMs });
      }
    }
    this.#changed();
  }

  /**
   * Registers or, from the owner, registers anew. A later process of the same identity takes the name over.
   *
   * @throws NameTakenError for an earlier process than the owner, and for another identity while the lease lives
   */
  register(registration: Registration): void {
    const key = workloadKey(registration.workload);
    const current = this.#leases.get(key);
    if (current !== undefined) {
      refuseTakeover(key, current, registration);
    }
    this.#signOfLife();
    this.#leases.set(key, { ...registration, expiresAtMs: this.#now() + this.#ttlMs });
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
    this.#leases.delete(key);
    this.#changed();
    return true;
  }

  /** Removes, or holds, what has run out. */
  sweep(): void {
    const now = this.#now();
    this.#recentlyRemovedMs = this.#recentlyRemovedMs.filter((removedMs) => removedMs > now - this.#ttlMs);
    const due = [...this.#leases].filter(([, lease]) => lease.expiresAtMs <= now).map(([key]) => key);
    const ending = due.length + this.#recentlyRemovedMs.length;
    const all = this.#leases.size + this.#recentlyRemovedMs.length;
    const isLong = this.#heldAliveSinceMs !== null && now - this.#heldAliveSinceMs >= maxHoldMs;
    if (due.length > 0 && ending >= minimumHeld && ending > all / 2 && !isLong) {
      this.#held = due;
      return;
    }
    this.#held = [];
    this.#heldAliveSinceMs = null;
    for (const key of due) {
      this.#leases.delete(key);
      this.#recentlyRemovedMs.push(now);
    }
    if (due.length > 0) {
      this.#changed();
    }
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

function isOwner(lease: Lease, { instanceId, generation }: Owner): boolean {
  return lease.instanceId === instanceId && lease.generation === generation;
}

function refuseTakeover(key: string, current: Lease, next: Registration): void {
  // A lease that is held past its time may be dead; its name still belongs to its identity.
  if (current.workload.identity !== next.workload.identity) {
    throw new NameTakenError(`${key} is registered by ${current.workload.identity}`);
  }
  if (current.instanceId !== next.instanceId && current.generation >= next.generation) {
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

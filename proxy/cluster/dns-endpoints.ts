import { isIP } from 'node:net';
import { hostAndPort } from '../../proto/host-and-port.ts';
import type { ClusterConfig, DnsSettings, EndpointConfig } from './cluster-config.ts';
import type { ClusterNames, NameStatus } from './cluster-names.ts';
import type { LookUpName, NameAnswer } from './name-look-up.ts';

/** What looking names up needs from the process around it. */
export interface NamesEnvironment {
  readonly lookUp: LookUpName;
  /** Calls back once, unless the answered function is called before. */
  after(delayMs: number, callback: () => void): () => void;
  random(): number;
  /** Why a name must not lead to this address; null where it may. */
  refusal(address: string, port: number): string | null;
  /** The addresses of a name have changed, or its look-ups begin to fail or to go well again; for the log. */
  onChange(cluster: string, status: NameStatus): void;
}

/** Takes the addresses. */
export interface NamedCluster {
  readonly name: string;
  setEndpoints(endpoints: readonly EndpointConfig[]): void;
}

/** Addresses of one name that are used: the first in their order. */
export const maxAddresses = 64;
/** However short the time to live is. */
const minRefreshMs = 1000;
/** However long: a name that has moved is found within the hour. */
const maxRefreshMs = 3_600_000;
/** Share of the time by which look-ups are spread. */
const jitter = 0.1;

/**
 * Keeps a cluster's endpoints what its names stand for (Envoy `STRICT_DNS`).
 *
 * A look-up that fails changes nothing: what was known last is kept, and tried again. The address that was judged is the one
 * that is dialled, so a name that changes its mind in between gains nothing.
 */
export class DnsEndpoints implements ClusterNames {
  readonly #cluster: NamedCluster;
  readonly #environment: NamesEnvironment;
  readonly #names = new Map<string, FollowedName>();
  #fixed: readonly EndpointConfig[] = [];
  #settings: DnsSettings | null = null;
  #pending: { readonly promise: Promise<void>; readonly settle: () => void } | null = null;
  #published = '';

  constructor(cluster: NamedCluster, environment: NamesEnvironment) {
    this.#cluster = cluster;
    this.#environment = environment;
  }

  get pending(): Promise<void> | null {
    return this.#pending?.promise ?? null;
  }

  get lastFailure(): string {
    for (const { host, lastFailure } of this.#names.values()) if (lastFailure !== '') return `${host}: ${lastFailure}`;
    return '';
  }

  get statuses(): readonly NameStatus[] {
    return [...this.#names.values()];
  }

  /** Takes names and settings; addresses of names that stay are kept. */
  follow({ dns, endpoints }: Pick<ClusterConfig, 'dns' | 'endpoints'>): void {
    if (this.#settings?.family !== dns?.family) this.#forgetAll();
    this.#settings = dns;
    this.#fixed = endpoints.filter(({ address }) => isIP(address) !== 0);
    const wanted = new Map<string, EndpointConfig[]>();
    for (const endpoint of endpoints) {
      if (isIP(endpoint.address) === 0)
        wanted.set(endpoint.address, [...(wanted.get(endpoint.address) ?? []), endpoint]);
    }
    for (const [host, name] of this.#names) {
      if (wanted.has(host)) continue;
      name.cancel();
      this.#names.delete(host);
    }
    const added: FollowedName[] = [];
    for (const [host, templates] of wanted) {
      const known = this.#names.get(host);
      if (known === undefined) added.push(new FollowedName(host, templates));
      else known.templates = templates;
    }
    for (const name of added) this.#names.set(name.host, name);
    this.#publish();
    this.#settleWhenKnown();
    for (const name of added) this.#lookUp(name);
  }

  close(): void {
    this.#forgetAll();
    this.#pending?.settle();
    this.#pending = null;
  }

  #forgetAll(): void {
    for (const name of this.#names.values()) name.cancel();
    this.#names.clear();
  }

  #lookUp(name: FollowedName): void {
    const { lookUp } = this.#environment;
    name.lookUps++;
    lookUp(name.host, this.#settings?.family ?? 'v4-preferred').then(
      (answer) => this.#answered(name, answer),
      (error: unknown) => this.#failed(name, reasonOf(error)),
    );
  }

  #answered(name: FollowedName, { addresses, ttlMs }: NameAnswer): void {
    if (this.#names.get(name.host) !== name) return;
    const refused = new Set<string>();
    const allowed = addresses.filter((address) => {
      const reason = this.#refusalOf(address, name);
      if (reason !== null) refused.add(reason);
      return reason === null;
    });
    if (allowed.length === 0) {
      this.#failed(name, [...refused].slice(0, 3).join(', ') || 'no address');
      return;
    }
    const before = name.addresses.join();
    const hadFailed = name.lastFailure !== '';
    name.addresses = allowed.sort().slice(0, maxAddresses);
    name.lastFailure = '';
    name.failuresInARow = 0;
    this.#settled(name, before !== name.addresses.join() || hadFailed);
    this.#again(name, this.#refreshMs(ttlMs));
  }

  #failed(name: FollowedName, reason: string): void {
    if (this.#names.get(name.host) !== name) return;
    const isNew = name.lastFailure !== reason;
    name.lastFailure = reason;
    name.failures++;
    name.failuresInARow++;
    this.#settled(name, isNew);
    const { failureBaseMs = 1000, failureMaxMs = 10_000 } = this.#settings ?? {};
    this.#again(name, Math.min(failureMaxMs, failureBaseMs * 2 ** Math.min(16, name.failuresInARow - 1)));
  }

  #refusalOf(address: string, { templates }: FollowedName): string | null {
    if (isIP(address) === 0) return 'no address';
    for (const { port } of templates) {
      const reason = this.#environment.refusal(address, port);
      if (reason !== null) return reason;
    }
    return null;
  }

  #refreshMs(ttlMs: number | null): number {
    const { refreshMs = 5000, respectsTtl = true } = this.#settings ?? {};
    // a time to live of 0 says nothing that could be respected (Envoy does the same)
    const wantedMs = respectsTtl && ttlMs !== null && ttlMs > 0 ? ttlMs : refreshMs;
    return Math.min(maxRefreshMs, Math.max(minRefreshMs, wantedMs));
  }

  #again(name: FollowedName, delayMs: number): void {
    const spread = 1 + jitter * this.#environment.random();
    name.cancel = this.#environment.after(delayMs * spread, () => this.#lookUp(name));
  }

  #settled(name: FollowedName, isNews: boolean): void {
    name.isKnown = true;
    this.#publish();
    this.#settleWhenKnown();
    if (isNews) this.#environment.onChange(this.#cluster.name, name);
  }

  #publish(): void {
    const endpoints = [...this.#fixed];
    for (const { addresses, templates } of this.#names.values()) {
      for (const address of addresses) {
        for (const template of templates)
          endpoints.push({ ...template, key: hostAndPort(address, template.port), address });
      }
    }
    const published = JSON.stringify(endpoints);
    if (published === this.#published) return;
    this.#published = published;
    this.#cluster.setEndpoints(endpoints);
  }

  /** One address is enough to begin with. */
  #settleWhenKnown(): void {
    const names = [...this.#names.values()];
    const isKnown =
      this.#fixed.length > 0 || names.every((name) => name.isKnown) || names.some((name) => name.addresses.length > 0);
    if (!isKnown) {
      if (this.#pending === null) this.#pending = pendingPromise();
      return;
    }
    this.#pending?.settle();
    this.#pending = null;
  }
}

class FollowedName implements NameStatus {
  readonly host: string;
  /** One for each port that the name is an endpoint at. */
  templates: readonly EndpointConfig[];
  addresses: readonly string[] = [];
  lastFailure = '';
  lookUps = 0;
  failures = 0;
  failuresInARow = 0;
  /** Was answered, well or not. */
  isKnown = false;
  cancel: () => void = () => {};

  constructor(host: string, templates: readonly EndpointConfig[]) {
    this.host = host;
    this.templates = templates;
  }
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code ?? message;
}

function pendingPromise(): { readonly promise: Promise<void>; readonly settle: () => void } {
  let settle: () => void = () => {};
  const promise = new Promise<void>((resolve) => {
    settle = resolve;
  });
  return { promise, settle };
}

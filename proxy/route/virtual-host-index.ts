/** What the index needs to know of a virtual host. */
export interface VirtualHostMatch {
  /** `cart.example`, `*.example`, `*-cart.example`, `cart.*` or `*`, in any case. */
  readonly domains: readonly string[];
}

interface Wildcard<H> {
  /** The fixed part of the domain, lower case. */
  readonly fixed: string;
  readonly host: H;
}

/**
 * Finds a virtual host by the authority of a request. The most specific domain wins wherever it stands: the exact name,
 * then `*.suffix` with the longest suffix, then `prefix.*` with the longest prefix, then `*`. A wildcard stands for at
 * least one character, so `*.example` does not take `.example`.
 *
 * Source: Envoy `VirtualHost.domains`.
 */
export class VirtualHostIndex<H extends VirtualHostMatch> {
  readonly #exact = new Map<string, H>();
  /** Longest fixed part first. */
  readonly #suffixes: Wildcard<H>[] = [];
  readonly #prefixes: Wildcard<H>[] = [];
  readonly #fallback: H | null;
  readonly #ignorePort: boolean;

  /** Throws when a domain is empty, has a wildcard in the middle, or is claimed twice. */
  constructor(hosts: readonly H[], ignorePort: boolean) {
    const claimed = new Set<string>();
    let fallback: H | null = null;
    for (const host of hosts) {
      for (const written of host.domains) {
        const domain = written.toLowerCase();
        if (claimed.has(domain)) throw new Error(`two virtual hosts have the domain ${written}`);
        claimed.add(domain);
        if (domain === '*') fallback = host;
        else this.#add(domain, host);
      }
    }
    this.#fallback = fallback;
    this.#ignorePort = ignorePort;
    this.#suffixes.sort(longestFirst);
    this.#prefixes.sort(longestFirst);
  }

  /** `authority` is lower case, with its port if the request has one. */
  find(authority: string): H | null {
    const name = this.#ignorePort ? withoutPort(authority) : authority;
    const exact = this.#exact.get(name);
    if (exact !== undefined) return exact;
    for (const { fixed, host } of this.#suffixes) {
      if (name.length > fixed.length && name.endsWith(fixed)) return host;
    }
    for (const { fixed, host } of this.#prefixes) {
      if (name.length > fixed.length && name.startsWith(fixed)) return host;
    }
    return this.#fallback;
  }

  #add(domain: string, host: H): void {
    const wildcard = domain.indexOf('*');
    const last = domain.length - 1;
    if (domain === '' || (wildcard > 0 && wildcard < last) || wildcard !== domain.lastIndexOf('*')) {
      throw new Error(`not a domain: ${JSON.stringify(domain)}`);
    }
    if (wildcard < 0) this.#exact.set(domain, host);
    else if (wildcard === 0) this.#suffixes.push({ fixed: domain.slice(1), host });
    else this.#prefixes.push({ fixed: domain.slice(0, -1), host });
  }
}

function longestFirst(a: Wildcard<unknown>, b: Wildcard<unknown>): number {
  return b.fixed.length - a.fixed.length;
}

function withoutPort(authority: string): string {
  const colon = authority.lastIndexOf(':');
  // The last colon of `[::1]` is part of the address.
  return colon < 0 || authority.endsWith(']') ? authority : authority.slice(0, colon);
}

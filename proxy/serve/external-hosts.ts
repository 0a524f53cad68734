import { splitAuthority } from '../cluster/passthrough.ts';

/**
 * Which hosts outside the mesh have routes of their own: found by their names, at a request's first look. Immutable; another
 * list is another object.
 */
export class ExternalHosts {
  readonly #exact: ReadonlySet<string>;
  readonly #hasWildcards: boolean;

  /** `names` are `host:port`, or `*.suffix:port`. */
  constructor(names: readonly string[]) {
    this.#exact = new Set(names);
    this.#hasWildcards = names.some((name) => name.startsWith('*.'));
  }

  /** The RouteConfiguration of an authority, the most specific one; null for a host that is not listed. */
  find(authority: string): string | null {
    const { host: written, port } = splitAuthority(authority);
    const host = (written.endsWith('.') ? written.slice(0, -1) : written).toLowerCase();
    const exact = `${host}:${port}`;
    if (this.#exact.has(exact)) return exact;
    if (!this.#hasWildcards) return null;
    for (let dot = host.indexOf('.'); dot > 0; dot = host.indexOf('.', dot + 1)) {
      const wildcard = `*${host.slice(dot)}:${port}`;
      if (this.#exact.has(wildcard)) return wildcard;
    }
    return null;
  }
}

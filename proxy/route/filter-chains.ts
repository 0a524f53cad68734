import type { HttpSettings } from '../message/http-settings.ts';
import type { RouteTable } from './route-table.ts';
import type { TcpRoute } from './tcp-route.ts';

/** What becomes of the connections that a chain takes. `D` is a destination, the cluster. */
export type FilterChain<D> = HttpChain<D> | TcpChain<D>;

export interface HttpChain<D> {
  readonly kind: 'http';
  /** Null where the routes come by name. */
  readonly table: RouteTable<D> | null;
  /** Name of the RouteConfiguration; empty where the routes stand in the listener. */
  readonly routesName: string;
  readonly http: HttpSettings;
}

export interface TcpChain<D> {
  readonly kind: 'tcp';
  readonly route: TcpRoute<D>;
  /** Null takes every connection. */
  readonly rate: NewConnections | null;
}

/** Hears of every new connection of a chain. */
export interface NewConnections {
  /** Null: it goes on, and is counted. Else why it does not. */
  refusal(): string | null;
}

/** Which connections a chain takes: `envoy.config.listener.v3.FilterChainMatch`. What is empty takes everything. */
export interface ChainMatch {
  /** In lower case: a host, or `*.suffix`. */
  readonly serverNames: readonly string[];
  readonly transportProtocol: '' | 'tls' | 'raw_buffer';
  readonly applicationProtocols: readonly string[];
}

/** What is known of a connection. */
export interface ConnectionFacts {
  readonly serverName: string;
  readonly transportProtocol: 'tls' | 'raw_buffer';
  readonly applicationProtocols: readonly string[];
}

/** What has to be found out before a chain can be chosen: Envoy's listener filters. */
export interface Inspection {
  readonly tls: boolean;
  readonly http: boolean;
  /** How long the client's first bytes are waited for, in milliseconds; 0 is no bound. */
  readonly timeoutMs: number;
  /** A connection that stayed silent goes to the chain that takes it as it is; otherwise it is closed. */
  readonly continuesOnTimeout: boolean;
}

/**
 * The filter chains of a listener. The most specific one takes a connection, by server name first, then by transport, then
 * by application protocol; what was chosen by one is not given up for the next, as in Envoy. A connection that no chain
 * takes has the default chain, where there is one.
 */
export class FilterChains<D> {
  readonly inspection: Inspection;
  /** The first chain that carries HTTP; every request of a service's port asks for it. */
  readonly http: HttpChain<D> | null;
  readonly #chains: readonly { readonly match: ChainMatch; readonly chain: FilterChain<D> }[];
  readonly #default: FilterChain<D> | null;

  constructor(
    chains: readonly { readonly match: ChainMatch; readonly chain: FilterChain<D> }[],
    defaultChain: FilterChain<D> | null,
    inspection: Inspection,
  ) {
    const all = [...chains.map(({ chain }) => chain), defaultChain];
    this.http = all.find((chain) => chain?.kind === 'http') ?? null;
    this.#chains = chains;
    this.#default = defaultChain;
    this.inspection = inspection;
  }

  /** Null: such a connection is closed. */
  find(facts: ConnectionFacts): FilterChain<D> | null {
    let left = mostSpecific(this.#chains, ({ match }) => nameSpecificity(match.serverNames, facts.serverName));
    left = mostSpecific(left, ({ match }) => specificity(match.transportProtocol, facts.transportProtocol));
    left = mostSpecific(left, ({ match }) => {
      if (match.applicationProtocols.length === 0) return 0;
      return match.applicationProtocols.some((each) => facts.applicationProtocols.includes(each)) ? 1 : -1;
    });
    return left[0]?.chain ?? this.#default;
  }

  /** What takes plaintext of which nothing is known. */
  get plain(): FilterChain<D> | null {
    return this.find({ serverName: '', transportProtocol: 'raw_buffer', applicationProtocols: [] });
  }
}

/** Those with the highest rank; a rank below 0 does not match. */
function mostSpecific<T>(all: readonly T[], rankOf: (each: T) => number): readonly T[] {
  let best = 0;
  let found: T[] = [];
  for (const each of all) {
    const rank = rankOf(each);
    if (rank < best) continue;
    if (rank > best) found = [];
    best = rank;
    found.push(each);
  }
  return found;
}

function specificity(wanted: string, actual: string): number {
  if (wanted === '') return 0;
  return wanted === actual ? 1 : -1;
}

/** An exact name before the longest suffix, that before none. */
function nameSpecificity(names: readonly string[], actual: string): number {
  if (names.length === 0) return 0;
  let best = -1;
  for (const name of names) {
    if (name === actual) return Number.POSITIVE_INFINITY;
    // `*.example.com` takes names with one label or more before it, and not `example.com`
    if (name.startsWith('*.') && actual.endsWith(name.slice(1)) && actual.length >= name.length) {
      best = Math.max(best, name.length);
    }
  }
  return best;
}

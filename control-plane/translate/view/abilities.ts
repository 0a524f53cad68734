import { ALL_FEATURES, FEATURES, STOCK } from '../../../proto/features.ts';
import { ALPN_HTTP1, ALPN_HTTP2, ALPN_TCP } from '../../../proto/names.ts';
import type { PortProtocol } from '../../model/app-protocol.ts';

/** What a client's build can do, by its own account. What it cannot do is left out of what it is sent. */
export interface Abilities {
  readonly http2: boolean;
  readonly tcp: boolean;
  readonly upgrade: boolean;
  readonly normalization: boolean;
  readonly outlierDetectors: boolean;
  readonly healthChecks: boolean;
  readonly faults: boolean;
  readonly faultRateLimit: boolean;
  readonly rateLimits: boolean;
  readonly globalRateLimits: boolean;
  readonly bodyLimit: boolean;
  readonly bandwidthLimit: boolean;
  readonly overloadFilters: boolean;
  readonly fallback: boolean;
  readonly priorities: boolean;
  readonly routing: boolean;
  readonly retries: boolean;
  readonly durations: boolean;
  readonly balancing: boolean;
  readonly boundedLoads: boolean;
  readonly external: boolean;
  readonly clientCertificates: boolean;
  readonly backendPaths: boolean;
  readonly tcpHash: boolean;
  readonly sessionBounds: boolean;
  readonly rateLimitCost: boolean;
  readonly rewrites: boolean;
  readonly connectionRates: boolean;
  readonly tcpKeepalive: boolean;
  readonly http2Settings: boolean;
  /** An Envoy and no sidecar of ours: it needs its filters listed, and knows none of our extensions. */
  readonly stock: boolean;
  /**
   * Clients of one scope are sent the same; '' for those that can do everything. No namespace and no workload has a name
   * like it, so it may be written behind one.
   */
  readonly scope: string;
}

/** Looked up for every resource of every client, so it is worked out once for each client. */
const known = new WeakMap<ReadonlySet<string>, Abilities>();

export function abilitiesOf(features: ReadonlySet<string>): Abilities {
  let abilities = known.get(features);
  if (abilities === undefined) {
    const missing = ALL_FEATURES.filter((feature) => !features.has(feature));
    abilities = {
      http2: features.has(FEATURES.http2),
      tcp: features.has(FEATURES.tcp),
      upgrade: features.has(FEATURES.upgrade),
      normalization: features.has(FEATURES.normalization),
      outlierDetectors: features.has(FEATURES.outlierDetectors),
      healthChecks: features.has(FEATURES.healthChecks),
      faults: features.has(FEATURES.faults),
      faultRateLimit: features.has(FEATURES.faultRateLimit),
      rateLimits: features.has(FEATURES.rateLimits),
      globalRateLimits: features.has(FEATURES.globalRateLimits),
      bodyLimit: features.has(FEATURES.bodyLimit),
      bandwidthLimit: features.has(FEATURES.bandwidthLimit),
      overloadFilters: features.has(FEATURES.overloadFilters),
      fallback: features.has(FEATURES.fallback),
      priorities: features.has(FEATURES.priorities),
      routing: features.has(FEATURES.routing),
      retries: features.has(FEATURES.retries),
      durations: features.has(FEATURES.durations),
      balancing: features.has(FEATURES.balancing),
      boundedLoads: features.has(FEATURES.boundedLoads),
      external: features.has(FEATURES.external),
      clientCertificates: features.has(FEATURES.clientCertificates),
      backendPaths: features.has(FEATURES.backendPaths),
      tcpHash: features.has(FEATURES.tcpHash),
      sessionBounds: features.has(FEATURES.sessionBounds),
      rateLimitCost: features.has(FEATURES.rateLimitCost),
      rewrites: features.has(FEATURES.rewrites),
      connectionRates: features.has(FEATURES.connectionRates),
      tcpKeepalive: features.has(FEATURES.tcpKeepalive),
      http2Settings: features.has(FEATURES.http2Settings),
      stock: features.has(STOCK),
      scope: features.has(STOCK) ? `~${STOCK}` : missing.length === 0 ? '' : `!${missing.join()}`,
    };
    known.set(features, abilities);
  }
  return abilities;
}

/**
 * How a client without some of the abilities takes a port: as the HTTP/1.1 that every build speaks. An Envoy cannot choose
 * the ALPN name by what a request turns out to be, so it is told one protocol.
 */
export function protocolFor(protocol: PortProtocol, { http2, tcp, stock }: Abilities): PortProtocol {
  if (protocol === 'auto' && stock) return 'http';
  const isAble = (protocol !== 'tcp' || tcp) && (protocol !== 'http2' || http2);
  return isAble ? protocol : 'http';
}

/** The ALPN names by which connections of that kind go between sidecars. */
export function meshAlpn(protocol: PortProtocol, { http2, tcp }: Abilities): readonly string[] {
  switch (protocol) {
    case 'http':
      return [ALPN_HTTP1];
    case 'http2':
      return [ALPN_HTTP2];
    case 'tcp':
      return [ALPN_TCP];
    case 'auto':
      return [ALPN_HTTP1, ...(http2 ? [ALPN_HTTP2] : []), ...(tcp ? [ALPN_TCP] : [])];
  }
}

import type { Candidate } from '../balance/balancer.ts';
import type { Pickable } from '../resilience/healthy-set.ts';
import type { OutlierRecord } from '../resilience/outlier-detector.ts';
import type { RequestSeries } from '../telemetry/request-series.ts';
import type { ConnectionPool } from '../upstream/connection-pool.ts';
import type { EndpointConfig } from './cluster-config.ts';

/**
 * One instance behind a cluster, with the connections to it and what is known of its health. It lives as long as its
 * address stays in the endpoint list; updates change its configuration in place, so that counts and connections last.
 */
export class Endpoint implements Candidate, Pickable {
  readonly key: string;
  readonly pool: ConnectionPool;
  readonly outlier: OutlierRecord | null;
  config: EndpointConfig;
  /** Requests being answered; what least-request balancing compares. */
  activeRequests = 0;
  /** Counters since the endpoint appeared; names as in Envoy's `/clusters`. */
  requestsTotal = 0;
  requestsSuccess = 0;
  requestsError = 0;
  requestsTimeout = 0;
  /** Where requests to it are counted, by route; filled by the recorder on first use. */
  readonly series = new Map<object, RequestSeries>();

  constructor(config: EndpointConfig, pool: ConnectionPool, outlier: OutlierRecord | null) {
    this.key = config.key;
    this.config = config;
    this.pool = pool;
    this.outlier = outlier;
  }

  /** Takes new labels, weight or health. Requests are counted anew under the new labels. */
  reconfigure(config: EndpointConfig): void {
    this.config = config;
    this.series.clear();
  }

  get weight(): number {
    return this.config.weight;
  }

  get health(): EndpointConfig['health'] {
    return this.config.health;
  }

  get isEjected(): boolean {
    return this.outlier?.isEjected === true;
  }
}

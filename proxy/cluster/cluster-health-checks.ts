import { headerValue } from '../message-head.ts';
import type { CheckEnvironment, Prober } from '../resilience/health-check/check-session.ts';
import type { HealthCheckSettings } from '../resilience/health-check/health-check-settings.ts';
import type { HealthCheckCounters } from '../resilience/health-check/health-checker.ts';
import { HealthChecker } from '../resilience/health-check/health-checker.ts';
import type { CheckOutcome, HealthRecord } from '../resilience/health-check/health-record.ts';
import type { OutlierDetector } from '../resilience/outlier/outlier-detector.ts';
import type { ClusterConfig, EndpointConfig } from './cluster-config.ts';
import type { Endpoint } from './endpoint.ts';

/** What health checks need of the process. */
export interface ClusterCheckEnvironment extends CheckEnvironment {
  /** What asks an endpoint of this cluster. */
  proberFor(config: ClusterConfig, endpoint: EndpointConfig, settings: HealthCheckSettings): Prober;
  /** An endpoint has failed its checks, or passes them again; for log and events. */
  onHealthChange(cluster: string, endpoint: EndpointConfig, outcome: CheckOutcome): void;
}

/** The cluster that is checked. */
export interface CheckedCluster {
  readonly name: string;
  readonly config: ClusterConfig;
  readonly detector: OutlierDetector | null;
  readonly counters: { readonly requestsTotal: number; readonly connectionsToGone: number };
  readonly endpoints: Iterable<Endpoint>;
}

/** In an answer to any request: its endpoint wants no others for now, whatever the value (Envoy). */
const FAIL_AT_ONCE = 'x-envoy-immediate-health-check-fail';

/** The active health checks of a cluster's endpoints, and what follows from them. */
export class ClusterHealthChecks {
  readonly #cluster: CheckedCluster;
  readonly #settings: HealthCheckSettings;
  readonly #environment: ClusterCheckEnvironment;
  readonly #checker: HealthChecker;
  readonly #endpoints = new Map<HealthRecord, Endpoint>();

  /** `onChange`: an endpoint has failed its checks or passes them again. */
  constructor(
    cluster: CheckedCluster,
    settings: HealthCheckSettings,
    environment: ClusterCheckEnvironment,
    onChange: () => void,
  ) {
    this.#cluster = cluster;
    this.#settings = settings;
    this.#environment = environment;
    this.#checker = new HealthChecker(settings, environment, {
      hasTraffic: () => this.#hasTraffic(),
      onPassed: (record) => this.#onPassed(record),
      onChange: (record, outcome) => {
        const endpoint = this.#endpoints.get(record);
        if (endpoint !== undefined) environment.onHealthChange(cluster.name, endpoint.config, outcome);
        onChange();
      },
    });
  }

  get counters(): HealthCheckCounters {
    return this.#checker.counters;
  }

  /** Gauge: endpoints that no check has condemned. */
  get healthy(): number {
    return this.#checker.healthy;
  }

  /**
   * Checks a new endpoint. `mustPass`: it takes no requests before its first check is passed, as one that joins others. Those
   * that come with their cluster take them meanwhile, for nobody else does.
   */
  begin(endpoint: Endpoint, mustPass: boolean): void {
    const prober = this.#environment.proberFor(this.#cluster.config, endpoint.config, this.#settings);
    const record = this.#checker.watch(prober, mustPass);
    this.#endpoints.set(record, endpoint);
    endpoint.check = record;
  }

  /** Checks an endpoint that was there before; what other checks have found of it counts until its next one. */
  continue(endpoint: Endpoint): void {
    this.begin(endpoint, endpoint.check?.isFailed === true);
  }

  /** Hears what an answer says of its endpoint, by its header lines. */
  heed({ check }: Endpoint, block: string): void {
    if (check !== null && headerValue(block, FAIL_AT_ONCE) !== null)
      this.#checker.fail(check, `it answered ${FAIL_AT_ONCE}`);
  }

  /** The endpoint is gone. */
  end({ check }: Endpoint): void {
    if (check === null) return;
    this.#checker.forget(check);
    this.#endpoints.delete(check);
  }

  sweep(): void {
    this.#checker.sweep();
  }

  /** Ends all checks. What they found stands until others begin, or is forgotten with `endpoint.check`. */
  stop(): void {
    this.#checker.stop();
    this.#endpoints.clear();
  }

  #hasTraffic(): boolean {
    const { counters, endpoints } = this.#cluster;
    if (counters.requestsTotal > 0 || counters.connectionsToGone > 0) return true;
    for (const { tcp } of endpoints) if (tcp.total > 0) return true;
    return false;
  }

  #onPassed(record: HealthRecord): void {
    const outlier = this.#endpoints.get(record)?.outlier ?? null;
    if (outlier !== null) this.#cluster.detector?.onHealthy(outlier);
  }
}

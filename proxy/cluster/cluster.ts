import type { HashKey } from '../balance/hash-key.ts';
import { HashTables } from '../balance/hash-tables.ts';
import { CircuitBreaker } from '../resilience/circuit-breaker.ts';
import { ConcurrencyLimit } from '../resilience/concurrency-limit.ts';
import type { Outcome } from '../resilience/outlier/outcome.ts';
import { isError, localOrigin } from '../resilience/outlier/outcome.ts';
import type { OutlierEvent } from '../resilience/outlier/outlier-detector.ts';
import { OutlierDetector } from '../resilience/outlier/outlier-detector.ts';
import type { OutlierRecord } from '../resilience/outlier/outlier-record.ts';
import type { DialResult } from '../upstream/dial.ts';
import type { PublishedPicker } from './build-picker.ts';
import { buildPicker } from './build-picker.ts';
import type { ClusterConfig, EndpointConfig } from './cluster-config.ts';
import { ClusterCounters } from './cluster-counters.ts';
import type { ClusterCheckEnvironment } from './cluster-health-checks.ts';
import { ClusterHealthChecks } from './cluster-health-checks.ts';
import type { ClusterNames } from './cluster-names.ts';
import type { NamesEnvironment } from './dns-endpoints.ts';
import type { UpstreamProtocol } from './endpoint.ts';
import { Endpoint } from './endpoint.ts';
import { EndpointPools } from './endpoint-pools.ts';
import type { OwnLocality } from './place.ts';
import { learnAnswerTimes, warmUp } from './prepare-endpoints.ts';
import { RestingEndpoints } from './resting-endpoints.ts';

/** What a cluster needs from the process around it. */
export interface ClusterEnvironment {
  /** Opens a connection to an endpoint, with TLS where the endpoint is meshed, on which `protocol` will be spoken. */
  dial(config: ClusterConfig, endpoint: EndpointConfig, protocol: UpstreamProtocol | 'tcp', result: DialResult): void;
  /** Monotonic milliseconds, at most a second old. */
  coarseNow(): number;
  now(): number;
  /** Milliseconds since 1970, for what servers say in dates; default `Date.now`. */
  readonly wallClockMs?: () => number;
  random(): number;
  /** An endpoint was ejected or came back, or was left in although it is an outlier; for log and events. */
  onEjection(cluster: Cluster, endpoint: OutlierRecord, event: OutlierEvent): void;
  /** Null where no endpoint is ever asked how it is. */
  readonly healthChecks: ClusterCheckEnvironment | null;
  /** Absent where no names are looked up. */
  readonly names?: NamesEnvironment;
  /** Where this sidecar runs; absent where nobody knows. */
  readonly locality?: OwnLocality;
}

/**
 * A destination: its endpoints, the picker over those that can be picked, the limits, and the detector that ejects.
 *
 * The object of a name stays the same while the name exists, so that routes hold on to it; updates change it between
 * two requests. A picker is immutable: a change of endpoints or of their health publishes a new one.
 */
export class Cluster {
  readonly name: string;
  readonly breaker: CircuitBreaker;
  /** For requests of priority HIGH. */
  readonly highBreaker: CircuitBreaker;
  readonly counters = new ClusterCounters();
  /** Of a cluster whose endpoints are the addresses of names; null of others. */
  names: ClusterNames | null = null;
  readonly #environment: ClusterEnvironment;
  readonly #pools: EndpointPools;
  readonly #endpoints = new Map<string, Endpoint>();
  #config: ClusterConfig;
  #detector: OutlierDetector | null = null;
  /** The detector wants to hear of each connection, not only of failures. */
  #watchesConnections = false;
  #checks: ClusterHealthChecks | null = null;
  #published: PublishedPicker;
  /** Of consistent hashing. */
  readonly #tables = new HashTables();
  readonly #load = { active: 0 };
  readonly #resting: RestingEndpoints;
  #sweptAtMs = 0;

  constructor(config: ClusterConfig, environment: ClusterEnvironment) {
    this.name = config.name;
    this.#config = config;
    this.#environment = environment;
    this.breaker = new CircuitBreaker(config.circuitBreaker);
    this.highBreaker = new CircuitBreaker(config.highPriority, 'highPriority.');
    this.#pools = new EndpointPools(this, environment);
    this.#resting = new RestingEndpoints(this.#endpoints, environment);
    this.#detector = this.#makeDetector(config);
    this.#checks = this.#makeChecks(config);
    this.#published = this.#tables.publish(() =>
      buildPicker([], config, null, environment.random, this.#tables, this.#load),
    );
    if (config.discovery === 'static') this.setEndpoints(config.endpoints);
  }

  get config(): ClusterConfig {
    return this.#config;
  }

  get endpoints(): Iterable<Endpoint> {
    return this.#endpoints.values();
  }

  get detector(): OutlierDetector | null {
    return this.#detector;
  }

  get checks(): ClusterHealthChecks | null {
    return this.#checks;
  }

  /** Endpoints that have asked not to be called for a while. */
  get resting(): number {
    return this.#resting.count;
  }

  /** True while so few endpoints are healthy that health is ignored. */
  get isPanicking(): boolean {
    return this.#published.isPanicking;
  }

  /** Percent of the requests that each priority level takes. */
  get levelPercents(): readonly number[] {
    return this.#published.levelPercents;
  }

  /**
   * An endpoint for one try, another than `exclude` where there is one; null when none can be picked. `key`: what consistent
   * hashing goes by, null for nothing.
   */
  pick(exclude: Endpoint | null, key: HashKey | null): Endpoint | null {
    const { picker, isPanicking } = this.#published;
    if (isPanicking) this.counters.panicPicks++;
    return picker.pick(exclude, key);
  }

  /**
   * The endpoint of this address for a client that was answered by it before; null when it is gone, leaving, ill or ejected
   * (Envoy `override_host_status`: unknown, healthy, degraded).
   */
  sessionEndpoint(address: string): Endpoint | null {
    const endpoint = this.#endpoints.get(address) ?? null;
    if (endpoint === null || endpoint.isEjected || endpoint.check?.isFailed === true) return null;
    return endpoint.health === 'healthy' || endpoint.health === 'degraded' ? endpoint : null;
  }

  /** An endpoint has answered a request, well or not, or has failed to: its counters and the detector hear of it. */
  reportOutcome(endpoint: Endpoint, outcome: Outcome): void {
    if (endpoint.outlier !== null) this.#detector?.report(endpoint.outlier, outcome);
    if (isError(outcome)) endpoint.requestsError++;
    else endpoint.requestsSuccess++;
  }

  /**
   * Hears what an answer says of its endpoint besides how it went: whether it wants to be left alone. Needed for a status of 429
   * and above, and for any of an endpoint that is checked.
   */
  heedAnswer(endpoint: Endpoint, status: number, block: string): void {
    if (endpoint.check !== null) this.#checks?.heed(endpoint, block);
    const { maxRestMs } = this.#config;
    if (status >= 429 && maxRestMs > 0 && this.#resting.heed(endpoint, status, block, maxRestMs)) this.#publish();
  }

  /** An attempt has a connection to its endpoint; what comes of it is reported by itself. */
  reportConnected({ outlier }: Endpoint): void {
    if (this.#watchesConnections && outlier !== null) this.#detector?.report(outlier, localOrigin.connected);
  }

  /** Opens a connection of its own for one that is only carried. */
  dialTcp(endpoint: Endpoint, result: DialResult): void {
    this.#environment.dial(this.#config, endpoint.config, 'tcp', result);
  }

  /** Takes a new configuration. Connections whose TLS or limits of HTTP/2 changed are replaced as they fall idle. */
  update(config: ClusterConfig): void {
    const before = this.#config;
    this.#config = config;
    this.breaker.update(config.circuitBreaker);
    this.highBreaker.update(config.highPriority);
    for (const { connections } of this.#endpoints.values()) connections.max = config.maxConnectionsPerEndpoint;
    const isOtherDetector = JSON.stringify(before.outlierDetection) !== JSON.stringify(config.outlierDetection);
    const needsOthers =
      JSON.stringify([before.meshTls, before.originTls, before.http2Limits]) !==
      JSON.stringify([config.meshTls, config.originTls, config.http2Limits]);
    if (isOtherDetector) {
      this.#detector = this.#makeDetector(config);
      for (const endpoint of this.#endpoints.values()) endpoint.outlier = this.#detector?.track(endpoint.key) ?? null;
    }
    const isOtherCheck = JSON.stringify(before.healthCheck) !== JSON.stringify(config.healthCheck);
    if (needsOthers || isOtherCheck) {
      this.#checks?.stop();
      this.#checks = this.#makeChecks(config);
    }
    if (needsOthers) this.#replaceEndpoints();
    else if (isOtherCheck) {
      for (const endpoint of this.#endpoints.values()) {
        if (this.#checks === null) endpoint.check = null;
        else this.#checks.continue(endpoint);
      }
    }
    if (config.discovery === 'static') this.setEndpoints(config.endpoints);
    else this.#publish();
  }

  /** Replaces the endpoint list. Endpoints that stay keep their connections, counts and ejection. */
  setEndpoints(configs: readonly EndpointConfig[]): void {
    const wanted = new Map(configs.map((config) => [config.key, config]));
    for (const endpoint of this.#endpoints.values()) {
      const config = wanted.get(endpoint.key);
      if (config !== undefined && config.isMeshed === endpoint.config.isMeshed) continue;
      this.#remove(endpoint);
    }
    const isFirst = this.#endpoints.size === 0;
    for (const config of wanted.values()) {
      const known = this.#endpoints.get(config.key);
      if (known === undefined) {
        const endpoint = this.#makeEndpoint(config);
        this.#endpoints.set(config.key, endpoint);
        this.#checks?.begin(endpoint, !isFirst);
      } else known.reconfigure(config);
    }
    this.#publish();
  }

  /**
   * The endpoint of a passthrough cluster for an address that was just resolved; it takes no part in balancing.
   * At most `maxPassthroughEndpoints` are kept; unused ones make room, and null says that all are in use.
   */
  ensureEndpoint(config: EndpointConfig): Endpoint | null {
    const known = this.#endpoints.get(config.key);
    if (known !== undefined) return known;
    if (this.#endpoints.size >= maxPassthroughEndpoints && !this.#evictUnused()) return null;
    const endpoint = this.#makeEndpoint(config);
    this.#endpoints.set(config.key, endpoint);
    return endpoint;
  }

  #evictUnused(): boolean {
    for (const endpoint of this.#endpoints.values()) {
      if (endpoint.activeRequests > 0) continue;
      this.#remove(endpoint);
      return true;
    }
    return false;
  }

  #remove(endpoint: Endpoint): void {
    this.#endpoints.delete(endpoint.key);
    if (endpoint.outlier !== null) this.#detector?.forget(endpoint.outlier);
    this.#checks?.end(endpoint);
    this.counters.connectionsToGone += endpoint.poolCounters.connectionsTotal;
    endpoint.close();
  }

  /** Runs what is due by time: idle connections are closed, ejected endpoints return. About once a second. */
  sweep(nowMs: number): void {
    const { idleTimeoutMs, maxConnectionDurationMs } = this.#config;
    for (const endpoint of this.#endpoints.values()) endpoint.sweep(idleTimeoutMs, maxConnectionDurationMs);
    this.#checks?.sweep();
    if (this.#resting.wake(nowMs)) this.#publish();
    const { slowStart } = this.#config.balancer;
    if (slowStart !== null && warmUp(this.#endpoints.values(), slowStart, nowMs)) this.#publish();
    const intervalMs = this.#config.outlierDetection?.intervalMs ?? 0;
    if (this.#detector === null || nowMs - this.#sweptAtMs < intervalMs) return;
    this.#sweptAtMs = nowMs;
    this.#detector.sweep(this.#environment.now());
  }

  /** The cluster is no longer wanted; requests in flight are answered. */
  close(): void {
    this.setEndpoints([]);
  }

  /** Makes all endpoints anew, with connections of their own; whom a health check has condemned stays so until its next. */
  #replaceEndpoints(): void {
    const before = [...this.#endpoints.values()];
    this.setEndpoints([]);
    this.setEndpoints(before.map(({ config }) => config));
    for (const { key, check } of before) {
      const anew = this.#endpoints.get(key)?.check ?? null;
      if (anew !== null && check?.isFailed === true) anew.isFailed = true;
    }
  }

  #makeEndpoint(config: EndpointConfig): Endpoint {
    const connections = new ConcurrencyLimit(this.#config.maxConnectionsPerEndpoint, 'perEndpoint.maxConnections');
    const makePool = (protocol: UpstreamProtocol, isHighPriority: boolean) =>
      this.#pools.make(config, connections, protocol, isHighPriority);
    const outlier = this.#detector?.track(config.key) ?? null;
    return new Endpoint(config, makePool, connections, outlier, this.#environment.coarseNow(), this.#load);
  }

  #makeDetector(config: ClusterConfig): OutlierDetector | null {
    this.#watchesConnections = config.outlierDetection?.splitsLocalOriginErrors === true;
    if (config.outlierDetection === null) return null;
    return new OutlierDetector(config.outlierDetection, this.#environment, {
      onEvent: (record, event) => this.#environment.onEjection(this, record, event),
      onChange: () => this.#publish(),
    });
  }

  #makeChecks(config: ClusterConfig): ClusterHealthChecks | null {
    const environment = this.#environment.healthChecks;
    if (config.healthCheck === null || environment === null) return null;
    return new ClusterHealthChecks(this, config.healthCheck, environment, () => this.#publish());
  }

  #publish(): void {
    const { locality, random } = this.#environment;
    const endpoints = [...this.#endpoints.values()];
    warmUp(endpoints, this.#config.balancer.slowStart, this.#environment.coarseNow());
    learnAnswerTimes(endpoints, this.#config.balancer, () => this.#environment.coarseNow());
    const awake = this.#resting.without(endpoints);
    this.#published = this.#tables.publish(() =>
      buildPicker(awake, this.#config, locality ?? null, random, this.#tables, this.#load),
    );
  }
}

/** External addresses that one sidecar keeps connections to. */
const maxPassthroughEndpoints = 256;

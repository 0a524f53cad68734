import { outboundListenerName, parseRouteConfigurationName, VIRTUAL_OUTBOUND } from '../proto/names.ts';
import type { ClusterStatus } from './admin/clusters-page.ts';
import { clusterStats, clusterStatus, listenerStats } from './admin/traffic-status.ts';
import type { Carrier, CarrierCounters, CarrierFacts, ListenerPlan, OpenListener } from './carrier.ts';
import type { Cluster } from './cluster/cluster.ts';
import type { ProxyConfig } from './config.ts';
import type { GlobalRateLimitCounters } from './filter/global-rate-limit.ts';
import type { Listener } from './listener/listener.ts';
import type { Log } from './log.ts';
import { OutsideHosts } from './record/outside-hosts.ts';
import { RequestRecorder } from './record/record-request.ts';
import { ConnectionRecorder } from './record/record-tcp.ts';
import { TrafficWatch } from './record/traffic-watch.ts';
import type { FilterChains } from './route/filter-chains.ts';
import { ExternalHosts } from './serve/external-hosts.ts';
import type { ListenerPlace } from './serve/listener-place.ts';
import { placeOf } from './serve/listener-place.ts';
import type { Outside } from './serve/outbound-routes.ts';
import { ProxyPortRoutes } from './serve/outbound-routes.ts';
import { Traffic } from './serve/traffic.ts';
import type { AccessLog } from './telemetry/access-log.ts';
import { bandwidthNumbers } from './telemetry/bandwidth-statistics.ts';
import type { ClusterCondition } from './telemetry/cluster-condition.ts';
import type { EventLog } from './telemetry/event-log.ts';
import { SeriesRegistry } from './telemetry/series-registry.ts';
import { TcpRegistry } from './telemetry/tcp-registry.ts';
import type { ClusterStats, DownstreamRequests, ListenerStats } from './telemetry/traffic-stats.ts';
import type { MeshIdentity } from './tls/mesh-identity.ts';
import type { ResourceName } from './xds/delta-state.ts';
import { LiveClusters } from './xds/live-clusters.ts';
import { LiveObjects } from './xds/live-objects.ts';

export interface DataPlaneOptions {
  readonly config: ProxyConfig;
  readonly log: Log;
  /** Null when the access log is off. */
  readonly accessLog: AccessLog | null;
  /** See `LiveObjects`. Default 1. */
  readonly limitShare?: number;
  /** See `LiveObjects`. */
  want(name: ResourceName): void;
  release(name: ResourceName): void;
}

/**
 * Everything that carries requests in one process: listeners, routes, clusters, and the counters of what they did.
 *
 * ```
 *   Traffic ── listeners ── HttpExchange ──► RequestRecorder ──► SeriesRegistry, AccessLog
 *      ▲                        │
 *      └── identity             └── LiveObjects (routes, clusters) ◀── put, absent, forget
 * ```
 */
export class DataPlane implements Carrier {
  readonly traffic: Traffic;
  readonly target: LiveObjects;
  readonly registry = new SeriesRegistry();
  readonly connections = new TcpRegistry();
  readonly listening: OpenListener[] = [];
  readonly notReadyReason = null;
  /** This process fails as a whole, or not at all. */
  readonly failed = new Promise<never>(() => {});
  readonly #clusters: LiveClusters;
  readonly #watch: TrafficWatch;
  readonly #config: ProxyConfig;
  readonly #recorder: RequestRecorder;
  readonly #accessLog: AccessLog | null;
  #outside: Outside = nothingOutside;
  #isConnected = false;

  constructor({ config, log, accessLog, limitShare = 1, want, release }: DataPlaneOptions) {
    this.#config = config;
    this.#accessLog = accessLog;
    this.traffic = new Traffic(config, log);
    this.#clusters = new LiveClusters(this.traffic.clusterEnvironment);
    this.#watch = new TrafficWatch(this.events, this.traffic.filterEnvironment.activities);
    this.target = new LiveObjects({
      clusters: this.#clusters,
      limitShare,
      filters: {
        ...this.traffic.filterEnvironment,
        buckets: new Map(),
        connectionBuckets: new Map(),
        limitShare,
        rateLimitService: null,
      },
      rateLimitServiceAt: (cluster, config) => this.traffic.rateLimitServiceAt(cluster, config),
      want,
      release,
      isConnected: () => this.#isConnected,
      putListener: (name, chains, externalHosts) => this.#setChains(name, chains, externalHosts),
      removeListener: (name) => this.#setChains(name, null, []),
    });
    const principal = () => this.traffic.identity.current?.id ?? '';
    const counting = { own: config, principal, hosts: new OutsideHosts(), accessLog };
    this.#recorder = new RequestRecorder({ registry: this.registry, ...counting });
    this.traffic.record(this.#recorder, new ConnectionRecorder({ registry: this.connections, ...counting }));
    this.traffic.clock.onTick((nowMs) => {
      for (const cluster of this.#clusters.all()) cluster.sweep(nowMs);
      this.#watch.look(this.#clusters.all());
      this.registry.sweep(nowMs);
      this.connections.sweep(nowMs);
    });
  }

  get events(): EventLog {
    return this.traffic.events;
  }

  conditions(): readonly ClusterCondition[] {
    return this.#watch.conditions();
  }

  start(adminPort: number): void {
    this.traffic.protectAdmin(adminPort);
  }

  async open(plan: ListenerPlan): Promise<OpenListener> {
    const { name, host, port } = await this.listen(plan, placeOf(plan, this.#config.advertise));
    const open = { plan, name, host, port };
    this.listening.push(open);
    return open;
  }

  useIdentity(identity: MeshIdentity): void {
    this.traffic.identity.set(identity);
  }

  setConnected(isConnected: boolean): void {
    this.#isConnected = isConnected;
  }

  /** Log levels are those of the one who writes the log. */
  setLogLevel(): void {}

  refresh(): Promise<void> {
    return Promise.resolve();
  }

  async destinations(): Promise<readonly ClusterStatus[]> {
    return [...this.#clusters.all()].map(clusterStatus);
  }

  *clusters(): Iterable<ClusterStats> {
    for (const cluster of this.#clusters.all()) yield clusterStats(cluster);
  }

  *listeners(): Iterable<ListenerStats> {
    for (const listener of this.traffic.outbound) yield listenerStats('outbound', listener);
    for (const { listener } of this.traffic.inbound) yield listenerStats('inbound', listener);
  }

  downstream(): readonly DownstreamRequests[] {
    return this.#recorder.downstream;
  }

  #adaptiveConcurrency() {
    const { adaptive, controllers } = this.traffic.filterEnvironment;
    const live = [...controllers.values()].flatMap((reference) => reference.deref() ?? []);
    return {
      concurrencyBlocked: adaptive.blocked,
      concurrencyLimit: live.reduce((sum, { limit }) => sum + limit, 0),
      concurrencyMinRttMs: Math.max(0, ...live.map(({ idealMs }) => idealMs)),
    };
  }

  counters(): CarrierCounters {
    return {
      refusedRequests: this.traffic.refusedRequests,
      droppedLogLines: this.#accessLog?.droppedTotal ?? 0,
      shedRequests: this.traffic.overload.shedRequests,
      ...this.traffic.filterEnvironment.faults,
      rateLimitOk: this.traffic.filterEnvironment.rateLimits.ok,
      rateLimited: this.traffic.filterEnvironment.rateLimits.rateLimited,
      connectionsRateLimited: this.traffic.filterEnvironment.connectionRates.rateLimited,
      ...globalRateLimitNumbers(this.traffic.filterEnvironment.globalRateLimits),
      bodiesTooLarge: this.traffic.filterEnvironment.bodyLimits.tooLarge,
      ...bandwidthNumbers(this.traffic.filterEnvironment.bandwidth),
      ...this.#adaptiveConcurrency(),
      admissionRejected: this.traffic.filterEnvironment.admission.rejected,
      watchdogMisses: this.traffic.watchdog.misses,
      watchdogMegaMisses: this.traffic.watchdog.megaMisses,
      memoryPressurePercent: this.traffic.overload.pressurePercent,
    };
  }

  facts(): CarrierFacts {
    return nothingMore;
  }

  drain(): void {
    this.traffic.drain();
  }

  async close(graceMs: number): Promise<void> {
    await this.traffic.close(graceMs);
    this.#clusters.close();
    await this.#accessLog?.close();
  }

  /** As `open`, for a place that is settled already. */
  async listen(plan: ListenerPlan, place: ListenerPlace): Promise<Listener> {
    const { traffic } = this;
    const { routes, listeners } = this.target;
    switch (plan.kind) {
      case 'inbound': {
        const { listener } = await traffic.openInbound(plan.applicationPort, place);
        return listener;
      }
      case 'upstream': {
        const { host, port } = parseRouteConfigurationName(plan.routeName) ?? { host: '', port: 0 };
        if (host !== '') listeners.declare(outboundListenerName(host, port));
        routes.declare(plan.routeName);
        return traffic.openUpstream(place, listeners, routes, plan.routeName);
      }
      case 'proxy': {
        const { namespace } = this.#config;
        const proxyRoutes = new ProxyPortRoutes(routes, namespace, () => this.#outside);
        return traffic.openProxy(place, {
          listeners,
          routes,
          proxyRoutes,
          unknownHosts: () => this.#outside.unknownHosts,
        });
      }
    }
  }

  #setChains(listenerName: string, chains: FilterChains<Cluster> | null, externalHosts: readonly string[]): void {
    const port = inboundPortOf(listenerName);
    if (port !== null) {
      this.traffic.setInboundChains(port, chains);
      return;
    }
    const chain = chains?.plain;
    this.#outside = {
      unknownHosts: chain?.kind === 'http' ? chain.table : null,
      external: externalHosts.length === 0 ? null : new ExternalHosts(externalHosts),
    };
    if (chain?.kind === 'http') this.traffic.setOutboundHttp(chain.http);
  }
}

function globalRateLimitNumbers({ ok, overLimit, error, failureModeAllowed }: GlobalRateLimitCounters) {
  return {
    globalRateLimitOk: ok,
    globalRateLimitOver: overLimit,
    globalRateLimitError: error,
    globalRateLimitAllowed: failureModeAllowed,
  };
}

const nothingOutside: Outside = { unknownHosts: null, external: null };

const nothingMore: CarrierFacts = { usage: null, metrics: [], stats: [] };

/** The application's port that `inbound|8080||` stands for; null for `virtualOutbound`, the only other one asked for. */
function inboundPortOf(listenerName: string): number | null {
  return listenerName === VIRTUAL_OUTBOUND ? null : Number(listenerName.split('|')[1]);
}

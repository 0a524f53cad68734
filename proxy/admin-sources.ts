import { TrustBundle } from '../certs/trust-bundle.ts';
import type { Node } from '../proto/generated/envoy/config/core/v3/Node.ts';
import { version } from '../proto/version.ts';
import type { AdminSources } from './admin/admin-paths.ts';
import type { LogWriter } from './log.ts';
import type { AccessLog } from './telemetry/access-log.ts';
import type { MetricsPage } from './telemetry/metrics-page.ts';
import type { ProcessFacts } from './telemetry/process-metrics.ts';
import type { TelemetryReporter } from './telemetry/telemetry-reporter.ts';
import type { ListenerStats } from './telemetry/traffic-stats.ts';
import type { Traffic } from './traffic.ts';
import { clusterStats, clusterStatus, dottedStats, listenerStats } from './traffic-status.ts';
import type { ControlPlaneClient } from './xds/control-plane-client.ts';
import type { LiveClusters } from './xds/live-clusters.ts';

/** A sidecar as far as it is shown. */
export interface SidecarParts {
  readonly node: Node;
  readonly log: LogWriter;
  readonly traffic: Traffic;
  readonly clusters: LiveClusters;
  readonly control: ControlPlaneClient;
  readonly reporter: TelemetryReporter;
  readonly accessLog: AccessLog | null;
  readonly startedAtMs: number;
  /** Why it cannot be used yet; null when it can. */
  readonly notReadyReason: string | null;
  readonly isDraining: boolean;
  drain(): Promise<void>;
}

/** What the admin server shows of a sidecar, and what it can set going. */
export function adminSources(proxy: SidecarParts, metrics: MetricsPage): AdminSources {
  return {
    notReadyReason: () => proxy.notReadyReason,
    isDraining: () => proxy.isDraining,
    prometheus: () => metrics.text(),
    stats: () => dottedStats([...proxy.clusters.all()].map(clusterStats), listenersOf(proxy)),
    configDump: () => ({
      node: proxy.node,
      entries: [...proxy.control.configuration.entries()],
      rejected: [...proxy.control.configuration.rejected],
    }),
    clusters: () => [...proxy.clusters.all()].map(clusterStatus),
    listeners: () =>
      [...proxy.traffic.outbound, ...proxy.traffic.inbound.map(({ listener }) => listener)].map(
        ({ name, host, port }) => ({ name, address: host, port }),
      ),
    certificates: () => ({
      chainPem: proxy.traffic.identity.current?.certificateChainPem ?? '',
      bundlePem: proxy.traffic.identity.current?.trustBundlePem ?? '',
    }),
    log: proxy.log,
    drain: () => void proxy.drain(),
    quit: () => process.kill(process.pid, 'SIGTERM'),
    startedAtMs: proxy.startedAtMs,
    now: Date.now,
  };
}

/** What metrics tell of the listeners, outbound ones first. */
export function* listenersOf(proxy: SidecarParts): Iterable<ListenerStats> {
  for (const listener of proxy.traffic.outbound) yield listenerStats('outbound', listener);
  for (const { listener } of proxy.traffic.inbound) yield listenerStats('inbound', listener);
}

/** Facts of the process for its metrics: version, certificates, and counters that belong to nothing else. */
export function processFacts(proxy: SidecarParts): ProcessFacts {
  return {
    version,
    *certificateExpiry() {
      const { current } = proxy.traffic.identity;
      if (current === null) return;
      yield { kind: 'leaf', expiresAtMs: current.expiresAtMs };
      const { roots } = TrustBundle.fromPem(current.trustDomain, current.trustBundlePem);
      // while a root is being replaced there are two; what matters is how long the trust lasts
      yield { kind: 'root', expiresAtMs: Math.max(...roots.map(({ notAfterMs }) => notAfterMs)) };
    },
    *counters() {
      yield {
        name: 'heddle_access_log_dropped_total',
        help: 'Lines of the access log that were dropped because its target was too slow.',
        value: proxy.accessLog?.droppedTotal ?? 0,
      };
      yield {
        name: 'heddle_requests_refused_total',
        help: 'Requests that broke the rules of HTTP and never reached a route.',
        value: proxy.traffic.refusedRequests,
      };
      yield {
        name: 'heddle_xds_nack_total',
        help: 'Resources that were refused.',
        value: [...proxy.control.counts.values()].reduce((total, { rejected }) => total + rejected, 0),
      };
      yield {
        name: 'heddle_telemetry_reports_dropped_total',
        help: 'Reports that the control plane would not take.',
        value: proxy.reporter.droppedReports,
      };
    },
  };
}

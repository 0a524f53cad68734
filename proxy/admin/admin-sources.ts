import { TrustBundle } from '../../certs/trust-bundle.ts';
import type { Node } from '../../proto/generated/envoy/config/core/v3/Node.ts';
import { version } from '../../proto/version.ts';
import type { Carrier, CarrierCounters } from '../carrier.ts';
import { carrierStatistics } from '../carrier.ts';
import type { LogWriter } from '../log.ts';
import type { MetricsPage } from '../telemetry/metrics-page.ts';
import type { ProcessFacts } from '../telemetry/process-metrics.ts';
import { valuesOf } from '../telemetry/statistic.ts';
import type { TelemetryReporter } from '../telemetry/telemetry-reporter.ts';
import type { MeshIdentity } from '../tls/mesh-identity.ts';
import type { ControlPlaneClient } from '../xds/control-plane-client.ts';
import type { AdminSources } from './admin-paths.ts';
import { dottedStats } from './traffic-status.ts';

/** A sidecar as far as it is shown. */
export interface SidecarParts {
  readonly node: Node;
  readonly log: LogWriter;
  readonly carrier: Carrier;
  /** Null before joining. */
  readonly identity: MeshIdentity | null;
  readonly control: ControlPlaneClient;
  readonly reporter: TelemetryReporter;
  readonly startedAtMs: number;
  /** Why it cannot be used yet; null when it can. */
  readonly notReadyReason: string | null;
  readonly isDraining: boolean;
  drain(): Promise<void>;
}

/** What the admin server shows of a sidecar, and what it can set going. */
export function adminSources(proxy: SidecarParts, metrics: MetricsPage): AdminSources {
  const { carrier } = proxy;
  return {
    notReadyReason: () => proxy.notReadyReason,
    isDraining: () => proxy.isDraining,
    prometheus: async () => {
      await carrier.refresh();
      return metrics.text();
    },
    stats: async () => {
      await carrier.refresh();
      return [...dottedStats(carrier.clusters(), carrier.listeners()), ...carrier.facts().stats];
    },
    configDump: () => ({
      node: proxy.node,
      entries: [...proxy.control.configuration.entries()],
      rejected: [...proxy.control.configuration.rejected],
    }),
    clusters: () => carrier.destinations(),
    listeners: () => carrier.listening.map(({ name, host, port }) => ({ name, address: host, port })),
    certificates: () => ({
      chainPem: proxy.identity?.certificateChainPem ?? '',
      bundlePem: proxy.identity?.trustBundlePem ?? '',
    }),
    log: proxy.log,
    drain: () => void proxy.drain(),
    quit: () => process.kill(process.pid, 'SIGTERM'),
    startedAtMs: proxy.startedAtMs,
    now: Date.now,
  };
}

/** Facts of the process for its metrics: version, certificates, and counters that belong to nothing else. */
export function processFacts(proxy: SidecarParts): ProcessFacts {
  return {
    version,
    usage: () => proxy.carrier.facts().usage,
    *certificateExpiry() {
      const { identity } = proxy;
      if (identity === null) return;
      yield { kind: 'leaf', expiresAtMs: identity.expiresAtMs };
      const { roots } = TrustBundle.fromPem(identity.trustDomain, identity.trustBundlePem);
      // while a root is being replaced there are two; what matters is how long the trust lasts
      yield { kind: 'root', expiresAtMs: Math.max(...roots.map(({ notAfterMs }) => notAfterMs)) };
    },
    *counters() {
      yield* carrierMetrics(proxy.carrier, true);
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
      yield* proxy.carrier.facts().metrics.filter(({ type }) => type === 'counter');
    },
    *gauges() {
      yield* carrierMetrics(proxy.carrier, false);
      yield* proxy.carrier.facts().metrics.filter(({ type }) => type === 'gauge');
    },
  };
}

const statistics = valuesOf<CarrierCounters>(carrierStatistics);

function* carrierMetrics(carrier: Carrier, areCounters: boolean): ReturnType<ProcessFacts['counters']> {
  const counters = carrier.counters();
  for (const { name, kind, help, value } of statistics) {
    if ((kind === 'counter') === areCounters) yield { name, help, value: value(counters) };
  }
}

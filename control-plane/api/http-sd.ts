import { Hono } from 'hono';
import type { RegistrySource } from './registered-workloads.ts';

/** One group of targets, as Prometheus reads it. */
interface TargetGroup {
  readonly targets: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * `GET /sd/prometheus`: all that can be scraped, for Prometheus' `http_sd_configs`. One job finds every sidecar and the
 * control plane:
 *
 *     - job_name: heddle
 *       http_sd_configs: [{url: http://127.0.0.1:15080/sd/prometheus, authorization: {type: Bearer, credentials_file: …}}]
 *
 * Source: https://prometheus.io/docs/prometheus/latest/http_sd/. The labels are those of Istio's pods: `app`, `version`,
 * `namespace`.
 */
export function prometheusDiscovery(registry: RegistrySource, controlPlaneMetrics: () => string | null): Hono {
  return new Hono().get('/sd/prometheus', (context) => {
    const groups: TargetGroup[] = registry.view().workloads.flatMap((workload) => {
      if (workload.adminAddress === '') return [];
      const { name, namespace, service, labels } = workload;
      const version = labels.version ?? '';
      return {
        targets: [workload.adminAddress],
        labels: { __metrics_path__: '/stats/prometheus', namespace, app: service, version, workload: name },
      };
    });
    const own = controlPlaneMetrics();
    if (own !== null) {
      groups.push({ targets: [own], labels: { __metrics_path__: '/metrics', app: 'heddle-control-plane' } });
    }
    return context.json(groups);
  });
}

import type { SeriesLabels } from './series-labels.ts';

/** The labels that Istio gives to requests and to TCP connections alike. Source: Istio, "Istio Standard Metrics". */
export function istioLabels(labels: Pick<SeriesLabels, 'reporter' | 'source' | 'destination'>): Record<string, string> {
  const { reporter, source, destination } = labels;
  return {
    reporter,
    source_workload: source.workload || unknown,
    source_workload_namespace: source.namespace || unknown,
    source_principal: source.principal || unknown,
    source_app: source.service || unknown,
    source_version: source.version || unknown,
    source_cluster: clusterOf(source.namespace),
    source_canonical_service: source.service || unknown,
    source_canonical_revision: revisionOf(source.service, source.version),
    destination_workload: destination.workload || unknown,
    destination_workload_namespace: destination.namespace || unknown,
    destination_principal: destination.principal || unknown,
    destination_app: destination.serviceName || unknown,
    destination_version: destination.version || unknown,
    destination_cluster: clusterOf(destination.namespace),
    destination_service: destination.serviceHost || unknown,
    destination_service_name: destination.serviceName || unknown,
    destination_service_namespace: destination.namespace || unknown,
    destination_canonical_service: destination.serviceName || unknown,
    destination_canonical_revision: revisionOf(destination.serviceName, destination.version),
  };
}

/** `connection_security_policy`. */
export function securityPolicy(isMutualTls: boolean): string {
  return isMutualTls ? 'mutual_tls' : 'none';
}

const unknown = 'unknown';

/** There is one cluster of machines in a mesh so far; who has no namespace is not in it. */
function clusterOf(namespace: string): string {
  return namespace === '' || namespace === 'other' ? unknown : 'heddle';
}

/** Istio calls the revision of a workload without a version `latest`. */
function revisionOf(service: string, version: string): string {
  return version || (service === '' ? unknown : 'latest');
}

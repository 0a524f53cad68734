/**
 * What tells one series of requests from another. Everything in it comes from configuration, from certificates or from
 * peers whose word agrees with their certificate, never from what an application sends: a label is for ever.
 *
 * An empty string stands for what is not known; Prometheus is told `unknown`.
 */
export interface SeriesLabels {
  /** The end that counts: the caller's sidecar or the one that is called. */
  readonly reporter: 'source' | 'destination';
  readonly source: SourceLabels;
  readonly destination: DestinationLabels;
  /** Name of the route that matched. Prometheus does not get it: Istio's metrics have no such label. */
  readonly route: string;
  /** The name that was called, where no service has it, by the caller's sidecar; else ''. Prometheus does not get it either. */
  readonly host: string;
  /** There was nobody to send it to, or no need: the caller's sidecar has answered by itself. Nor this. */
  readonly isUnsent: boolean;
  readonly protocol: 'http' | 'grpc' | 'tcp';
  readonly isMutualTls: boolean;
}

export interface SourceLabels {
  readonly workload: string;
  readonly namespace: string;
  readonly service: string;
  readonly version: string;
  /** SPIFFE id. */
  readonly principal: string;
}

export interface DestinationLabels {
  readonly workload: string;
  readonly namespace: string;
  /** `cart.default.svc.cluster.local`. */
  readonly serviceHost: string;
  /** `cart`. */
  readonly serviceName: string;
  readonly version: string;
  /** SPIFFE id. */
  readonly principal: string;
}

/** Equal for two label sets exactly when all their labels are. */
export function seriesKey(labels: SeriesLabels): string {
  return `${exposedKey(labels)}\n${labels.route}\n${labels.host}\n${labels.isUnsent}`;
}

/** The same without route and host: what Prometheus can tell apart. */
export function exposedKey({
  reporter,
  source,
  destination,
  protocol,
  isMutualTls,
}: Omit<SeriesLabels, 'route' | 'host' | 'isUnsent'>): string {
  return [
    reporter,
    source.workload,
    source.namespace,
    source.service,
    source.version,
    source.principal,
    destination.workload,
    destination.namespace,
    destination.serviceHost,
    destination.serviceName,
    destination.version,
    destination.principal,
    protocol,
    isMutualTls,
  ].join('\n');
}

/** Where requests are counted whose own series would be one too many: everything but the counting end is `other`. */
export function overflowLabels(labels: SeriesLabels): SeriesLabels {
  const other = 'other';
  const isSource = labels.reporter === 'source';
  return {
    ...labels,
    source: isSource
      ? labels.source
      : { workload: other, namespace: other, service: other, version: other, principal: other },
    destination: isSource
      ? { workload: other, namespace: other, serviceHost: other, serviceName: other, version: other, principal: other }
      : labels.destination,
    route: other,
    host: '',
    isUnsent: false,
    isMutualTls: false,
  };
}

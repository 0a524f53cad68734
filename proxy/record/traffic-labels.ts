import { InvalidSpiffeIdError, parseSpiffeId, workloadOf } from '../../certs/spiffe-id.ts';
import type { WorkloadName } from '../../proto/names.ts';
import {
  BLACK_HOLE_CLUSTER,
  PASSTHROUGH_CLUSTER,
  parseServiceHost,
  parseWorkloadName,
  serviceHost,
} from '../../proto/names.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { Endpoint } from '../cluster/endpoint.ts';
import type { DestinationLabels, SourceLabels } from '../telemetry/series-labels.ts';

/** The workload whose sidecar this is, as a label. */
export class WorkloadLabels {
  readonly #own: Pick<WorkloadName, 'name' | 'namespace' | 'service' | 'version'>;
  readonly #principal: () => string;

  /** `principal` is its SPIFFE id; empty before it has one. */
  constructor(own: Pick<WorkloadName, 'name' | 'namespace' | 'service' | 'version'>, principal: () => string) {
    this.#own = own;
    this.#principal = principal;
  }

  ownSource(isMutualTls: boolean): SourceLabels {
    const { name, namespace, service, version } = this.#own;
    return { workload: name, namespace, service, version, principal: isMutualTls ? this.#principal() : '' };
  }

  ownDestination(isMutualTls: boolean): DestinationLabels {
    const { name, namespace, service, version } = this.#own;
    return {
      workload: name,
      namespace,
      serviceHost: serviceHost(service, namespace),
      serviceName: service,
      version,
      principal: isMutualTls ? this.#principal() : '',
    };
  }
}

/** Who is called, as far as it came to that. */
export function destinationLabels(cluster: Cluster | null, endpoint: Endpoint | null): DestinationLabels {
  const serviceNamespace = cluster?.config.serviceNamespace ?? '';
  if (endpoint === null) {
    return { ...serviceLabels(cluster), workload: '', namespace: serviceNamespace, version: '', principal: '' };
  }
  const { workload, namespace, version, isMeshed } = endpoint.config;
  const expected = cluster?.config.meshTls?.expectedIdentities ?? [];
  return {
    ...serviceLabels(cluster),
    workload: known(workload),
    namespace: known(namespace) || serviceNamespace,
    version: known(version),
    // the handshake lets nobody else answer; where there are several, which of them it was is not known here
    principal: isMeshed && expected.length === 1 ? (expected[0] ?? '') : '',
  };
}

/** Whether what a route chose is nobody at all: the share of a backend that does not exist, or no backend. */
export function leadsNowhere(cluster: Cluster | null): boolean {
  return cluster === null || cluster.name === BLACK_HOLE_CLUSTER;
}

/** Whether a cluster stands for all that neither a service nor an ExternalService has the name of. */
export function isOutside(cluster: Cluster | null): boolean {
  return cluster !== null && cluster.name === PASSTHROUGH_CLUSTER;
}

/** Whom a request was for that got to none of its instances; '' is for nobody that is known. */
export function serviceOfHost(host: string): DestinationLabels {
  const { name, namespace } = parseServiceHost(host) ?? { name: host, namespace: '' };
  return { workload: '', namespace, serviceHost: host, serviceName: name, version: '', principal: '' };
}

/** The cluster's service; for the clusters that stand for everything outside, their own name, as Istio does. */
function serviceLabels(cluster: Cluster | null): Pick<DestinationLabels, 'serviceHost' | 'serviceName'> {
  if (cluster === null) return { serviceHost: '', serviceName: '' };
  const { serviceHost: host, serviceName } = cluster.config;
  return { serviceHost: host || cluster.name, serviceName: serviceName || cluster.name };
}

/** Endpoints of which the control plane said nothing are called `unknown`. */
function known(label: string): string {
  return label === 'unknown' ? '' : label;
}

/**
 * Who called. The certificate says namespace and service; which workload and version it was only the peer itself can
 * say, and it is believed only where its word agrees with its certificate.
 */
export function callerLabels(principal: string, metadata: string): SourceLabels {
  const identity = principal === '' ? null : identityOf(principal);
  if (identity === null) return { workload: '', namespace: '', service: '', version: '', principal };
  const { namespace, serviceAccount: service } = identity;
  const said = parseWorkloadName(metadata);
  const isBelieved =
    said !== null &&
    said.namespace === namespace &&
    said.service === service &&
    labelPattern.test(said.name) &&
    (said.version === '' || labelPattern.test(said.version));
  return {
    workload: isBelieved ? said.name : '',
    namespace,
    service,
    version: isBelieved ? said.version : '',
    principal,
  };
}

/** What Kubernetes allows in names and label values, long enough for both. */
const labelPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,252}$/;

function identityOf(principal: string): ReturnType<typeof workloadOf> {
  try {
    return workloadOf(parseSpiffeId(principal));
  } catch (error) {
    if (error instanceof InvalidSpiffeIdError) return null;
    throw error;
  }
}

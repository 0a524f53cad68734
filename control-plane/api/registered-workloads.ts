import type { Workload } from '../model/workload.ts';
import type { RegisteredWorkload, RegistryView } from '../registry/registered-workload.ts';

/** Who is running: the registry, as far as the API needs it. */
export interface RegistrySource {
  view(): RegistryView;
  /** Calls back after each change of the view, until the returned function is called. */
  onChange(listener: () => void): () => void;
}

/**
 * A registered workload as a document, for readers. It has no `resourceVersion`: it lives in the registry for as long as
 * its sidecar holds the lease, and nobody else can write it.
 */
export function registeredWorkloadDocument(workload: RegisteredWorkload): Workload {
  const { region, zone } = workload;
  return {
    apiVersion: 'heddle.dev/v1alpha1',
    kind: 'Workload',
    metadata: {
      name: workload.name,
      namespace: workload.namespace,
      labels: { ...workload.labels },
      creationTimestamp: new Date(workload.registeredAtMs).toISOString(),
    },
    spec: {
      address: workload.address,
      ports: workload.ports.map(({ port, inboundAddress, inboundPort, protocol }) => ({
        port,
        inboundAddress,
        inboundPort,
        ...(protocol !== 'auto' && { appProtocol: protocol }),
      })),
      service: workload.service,
      ...(region === '' && zone === '' ? {} : { locality: { region, zone } }),
    },
    status: {
      phase: 'Registered',
      identity: workload.identity,
      heddleVersion: workload.heddleVersion,
      adminAddress: workload.adminAddress,
    },
  };
}

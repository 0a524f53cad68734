import type { WorkloadProtocol } from '../model/app-protocol.ts';

/** What the sidecar was told that its application speaks; `auto` when it was told nothing. */
export type RegisteredProtocol = WorkloadProtocol | 'auto';

/** One port of the application, and where its sidecar takes mesh traffic for it. */
export interface RegisteredPort {
  /** What the application listens on; the only port that routes and services speak of. */
  readonly port: number;
  /** IP address that other sidecars dial for this port. */
  readonly inboundAddress: string;
  readonly inboundPort: number;
  readonly protocol: RegisteredProtocol;
}

/** A running instance with a sidecar, as that sidecar registered it within its grant. Frozen. */
export interface RegisteredWorkload {
  /** Unique within its namespace, e.g. `cart-v1-1`. */
  readonly name: string;
  readonly namespace: string;
  readonly service: string;
  /** SPIFFE id of the certificate that the registration came in with, never what the sidecar says of itself. */
  readonly identity: string;
  /** Always with `app`, the service; with `version` when the sidecar has one. */
  readonly labels: Readonly<Record<string, string>>;
  /** IP address that others reach the workload at. */
  readonly address: string;
  /** In the order the sidecar gave them; the first is what port 80 of the implicit service means. */
  readonly ports: readonly RegisteredPort[];
  /** `host:port` of the sidecar's admin server, which Prometheus scrapes; empty when it does not say. */
  readonly adminAddress: string;
  /** Empty when unknown. */
  readonly region: string;
  /** Empty when unknown. */
  readonly zone: string;
  /** Version of Heddle that the sidecar runs. */
  readonly heddleVersion: string;
  readonly registeredAtMs: number;
}

/** What is still known of a service, or of one version of it, whose last lease went. Nothing in it can be dialled. Frozen. */
export interface RememberedService {
  readonly namespace: string;
  readonly service: string;
  /** SPIFFE id that its workloads had registered with. */
  readonly identity: string;
  /** Of the workload that left last, with `app` and `version` as it had them. */
  readonly labels: Readonly<Record<string, string>>;
  /** Application ports, in ascending order. */
  readonly ports: readonly number[];
  /** Of each port, in the same order. A list from before there were any is absent. */
  readonly protocols?: readonly RegisteredProtocol[];
  /** When the last lease went, in milliseconds since the epoch. */
  readonly lastSeenMs: number;
}

/** Everything registered at one moment. A new one is made for each change; it never changes itself. */
export interface RegistryView {
  /** Grows by one with each change within this process; not comparable to the store's revision. */
  readonly revision: number;
  /** Ordered by namespace, then name. */
  readonly workloads: readonly RegisteredWorkload[];
  /** What ran and does not run now; bounded as `ServiceMemory` says. Those that left first come first. */
  readonly remembered: readonly RememberedService[];
}

/** What the registry and proxy status know a workload by. */
export function workloadKey(workload: { readonly namespace: string; readonly name: string }): string {
  return `${workload.namespace}/${workload.name}`;
}

import type { Workload } from '../../model/workload.ts';
import { workloadService } from '../../model/workload.ts';
import type { RegisteredProtocol, RegisteredWorkload, RememberedService } from '../../registry/registered-workload.ts';

/** What makes a service be there, with its versions, ports and identities: somebody who runs, or who ran until lately. */
export interface ServiceMember {
  readonly namespace: string;
  /** '' when it belongs to none by name; selectors may still choose it. */
  readonly service: string;
  /** '' when it has no `version` label, or one that no server name can hold. */
  readonly version: string;
  /** SPIFFE id that the certificate of its sidecar holds; '' for one without a sidecar. */
  readonly identity: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly ports: readonly MemberPort[];
}

/** A port of the application. */
export interface MemberPort {
  readonly port: number;
  /** '' when it has none. */
  readonly name: string;
  readonly protocol: RegisteredProtocol;
}

/** One running copy of a service, whether its sidecar registered it or a `Workload` document describes it. */
export interface Instance extends ServiceMember {
  /** Unique within its namespace. */
  readonly name: string;
  /** IP address. */
  readonly address: string;
  /** Share of the requests beside other instances; 1 where nobody said. */
  readonly weight: number;
  /** In declared order: the first is what port 80 of an implicit service means. */
  readonly ports: readonly InstancePort[];
  /** '' when unknown. */
  readonly region: string;
  /** '' when unknown. */
  readonly zone: string;
}

export interface InstancePort extends MemberPort {
  /** Where the sidecar takes mesh traffic for this port; null when none does. */
  readonly inbound: { readonly address: string; readonly port: number } | null;
}

/** A port that a sidecar takes mesh traffic for. */
export type MeshedPort = InstancePort & { readonly inbound: NonNullable<InstancePort['inbound']> };

export function meshedPorts(instance: Instance): readonly MeshedPort[] {
  return instance.ports.filter((port): port is MeshedPort => port.inbound !== null);
}

/**
 * Everything that runs. Where a live registration and a document have one name, the registration is what counts: it
 * comes with a verified identity and a lease.
 */
export function collectInstances(
  registered: readonly RegisteredWorkload[],
  documents: readonly Workload[],
  trustDomain: string,
): readonly Instance[] {
  const live = registered.map((workload) => keptFor(workload, trustDomain, registeredInstance));
  const described = documents.map((document) => keptFor(document, trustDomain, describedInstance));
  if (live.length === 0) return described;
  const names = new Set(live.map(instanceKey));
  return [...described.filter((instance) => !names.has(instanceKey(instance))), ...live];
}

/** `namespace/name`. */
export function instanceKey({ namespace, name }: Pick<Instance, 'namespace' | 'name'>): string {
  return `${namespace}/${name}`;
}

/** What became of documents and registrations that are still there: most of a mesh is the same from one snapshot to the next. */
const instances = new WeakMap<object, { readonly instance: Instance; readonly trustDomain: string }>();

function keptFor<T extends object>(
  from: T,
  trustDomain: string,
  make: (from: T, trustDomain: string) => Instance,
): Instance {
  let kept = instances.get(from);
  if (kept?.trustDomain !== trustDomain) {
    kept = { instance: make(from, trustDomain), trustDomain };
    instances.set(from, kept);
  }
  return kept.instance;
}

/** Members without endpoints: nothing of them can be dialled. */
export function rememberedMembers(remembered: readonly RememberedService[]): readonly ServiceMember[] {
  return remembered.map(({ namespace, service, identity, labels, ports, protocols }) => ({
    namespace,
    service,
    version: addressableVersion(labels.version),
    identity,
    labels,
    ports: ports.map((port, index) => ({ port, name: '', protocol: protocols?.[index] ?? 'auto' })),
  }));
}

export function isInstance(member: ServiceMember): member is Instance {
  return 'address' in member;
}

function registeredInstance(workload: RegisteredWorkload): Instance {
  return {
    name: workload.name,
    namespace: workload.namespace,
    service: workload.service,
    version: addressableVersion(workload.labels.version),
    identity: workload.identity,
    labels: workload.labels,
    address: workload.address,
    weight: 1,
    ports: workload.ports.map((port) => ({
      port: port.port,
      name: '',
      protocol: port.protocol,
      inbound: { address: port.inboundAddress, port: port.inboundPort },
    })),
    region: workload.region,
    zone: workload.zone,
  };
}

function describedInstance(workload: Workload, trustDomain: string): Instance {
  const { metadata, spec } = workload;
  const service = serviceName(workloadService(workload) ?? '');
  const account = spec.serviceAccount ?? service;
  const isMeshed = spec.ports.some((port) => port.inboundPort !== undefined);
  return {
    name: metadata.name,
    namespace: metadata.namespace,
    service,
    version: addressableVersion(metadata.labels?.version),
    identity: isMeshed && account !== '' ? `spiffe://${trustDomain}/ns/${metadata.namespace}/sa/${account}` : '',
    labels: service === '' ? (metadata.labels ?? {}) : { ...metadata.labels, app: metadata.labels?.app ?? service },
    address: spec.address,
    weight: spec.weight ?? 1,
    ports: spec.ports.map((port) => ({
      port: port.port,
      name: port.name ?? '',
      protocol: port.appProtocol ?? 'auto',
      inbound:
        port.inboundPort === undefined
          ? null
          : { address: port.inboundAddress ?? spec.address, port: port.inboundPort },
    })),
    region: spec.locality?.region ?? '',
    zone: spec.locality?.zone ?? '',
  };
}

/** The label `app` may hold more than a host name can; such a workload is found by selectors alone. */
function serviceName(text: string): string {
  return /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(text) ? text : '';
}

/** A version becomes part of cluster names and TLS server names, which have separators of their own. */
function addressableVersion(label: string | undefined): string {
  return label !== undefined && /^[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?$/.test(label) ? label : '';
}

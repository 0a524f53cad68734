import { serviceHost } from '../../../proto/names.ts';
import type { Service as ServiceDocument } from '../../model/service.ts';
import type { Instance, ServiceMember } from '../view/instance.ts';
import { isInstance } from '../view/instance.ts';
import { compareText } from '../view/order.ts';
import { ExternalServices } from './external-services.ts';
import type { PortDeclaration } from './port-protocol.ts';
import { declarePort } from './port-protocol.ts';
import { ReferenceGrants } from './reference-grants.ts';
import type { TargetPort } from './target-port.ts';
import { implicitPort } from './target-port.ts';

export interface ServicePort {
  readonly port: number;
  /** '' when it has none; what `sectionName` of a reference names. */
  readonly name: string;
  /** As the Service says it; '' when it does not. What the port carries is {@link Service.declarationOf}. */
  readonly appProtocol: string;
  readonly target: TargetPort;
}

/**
 * A service that can be called, declared by a document or implied by the workloads that registered under its name. Those
 * that ran until lately count for everything but `instances`: a call then finds the service, and nobody there.
 */
export interface Service {
  /** Of the document that policies name; also where there is none. */
  readonly kind: 'Service' | 'ExternalService';
  readonly name: string;
  readonly namespace: string;
  readonly host: string;
  /** null for an implicit service. */
  readonly document: ServiceDocument | null;
  /** In order of their numbers. */
  readonly ports: readonly ServicePort[];
  /** Those that run now, ordered by name. */
  readonly instances: readonly Instance[];
  /** Ordered, each once, without ''. */
  readonly versions: readonly string[];
  /**
   * The SPIFFE ids that a caller accepts. Never empty, so that no check can be passed by an empty list: the service
   * account of the service's own name is always among them. The others were read from verified certificates.
   */
  readonly identities: readonly string[];
  /** What one of {@link Service.ports} carries. */
  declarationOf(port: ServicePort): PortDeclaration;
}

/** What a name in a reference means: a whole service, or one version of it. */
export interface Destination {
  readonly service: Service;
  /** '' for the whole service. */
  readonly subset: string;
}

/** All services of the mesh, by namespace and name. */
export class ServiceCatalog {
  readonly #services = new Map<string, Service>();
  readonly #ordered: readonly Service[];
  /** Which routes may refer to services of other namespaces. */
  readonly grants: ReferenceGrants;
  readonly external: ExternalServices;

  constructor(
    documents: readonly ServiceDocument[],
    members: readonly ServiceMember[],
    trustDomain: string,
    grants: ReferenceGrants = new ReferenceGrants(),
    external: ExternalServices = new ExternalServices([]),
  ) {
    this.grants = grants;
    this.external = external;
    const selection = new MemberSelection(members);
    for (const document of documents) {
      const { name, namespace } = document.metadata;
      const select = () => selection.select(namespace, document.spec.selector ?? {});
      const service = { name, namespace, document, ports: declaredPorts(document) };
      this.#services.set(catalogKey(namespace, name), new LazyService(service, select, trustDomain));
    }
    for (const [key, ofService] of selection.byService()) {
      if (!this.#services.has(key)) {
        const { service: name, namespace } = ofService[0];
        const service = { name, namespace, document: null, ports: implicitPorts(ofService) };
        this.#services.set(key, new LazyService(service, () => ofService, trustDomain));
      }
    }
    this.#ordered = [...this.#services.values()].sort(
      (a, b) => compareText(a.namespace, b.namespace) || compareText(a.name, b.name),
    );
  }

  /** Ordered by namespace, then name. */
  all(): readonly Service[] {
    return this.#ordered;
  }

  /** What a policy's target names; of an ExternalService its first host stands for all. */
  target({ kind, name }: { readonly kind: string; readonly name: string }, namespace: string): Destination | null {
    if (kind !== 'ExternalService') return this.find(namespace, name);
    const [service] = this.external.named(namespace, name);
    return service === undefined ? null : { service, subset: '' };
  }

  /** The service that is called as a host outside the mesh would be: `cart.shop`; null for none. */
  homonym(host: string): Service | null {
    const [name = '', namespace = '', ...more] = host.split('.');
    return more.length === 0 ? (this.find(namespace, name)?.service ?? null) : null;
  }

  /** The service of exactly that name. */
  service(namespace: string, name: string): Service | null {
    return this.#services.get(catalogKey(namespace, name)) ?? null;
  }

  /**
   * `cart` is the service; `cart-v1` is version v1 of it unless a service has that name. Where a name can be split in
   * two ways, the longer service name wins.
   */
  find(namespace: string, name: string): Destination | null {
    const service = this.service(namespace, name);
    if (service !== null) {
      return { service, subset: '' };
    }
    for (let dash = name.lastIndexOf('-'); dash > 0; dash = name.lastIndexOf('-', dash - 1)) {
      const versioned = this.#services.get(catalogKey(namespace, name.slice(0, dash)));
      const subset = name.slice(dash + 1);
      if (versioned?.versions.includes(subset)) {
        return { service: versioned, subset };
      }
    }
    return null;
  }
}

/** The name by which a destination is addressed in documents and in URLs. */
export function destinationName(destination: Destination): string {
  return destination.subset === '' ? destination.service.name : `${destination.service.name}-${destination.subset}`;
}

/** Members and what follows from them are worked out at first use: most snapshots ask for a few services only. */
class LazyService implements Service {
  readonly kind = 'Service';
  readonly name: string;
  readonly namespace: string;
  readonly host: string;
  readonly document: ServiceDocument | null;
  readonly ports: readonly ServicePort[];
  readonly #ownIdentity: string;
  readonly #select: () => readonly ServiceMember[];
  #members: readonly ServiceMember[] | null = null;
  #instances: readonly Instance[] | null = null;
  #versions: readonly string[] | null = null;
  #identities: readonly string[] | null = null;
  readonly #declarations = new Map<ServicePort, PortDeclaration>();

  constructor(
    service: Pick<Service, 'name' | 'namespace' | 'document' | 'ports'>,
    select: () => readonly ServiceMember[],
    trustDomain: string,
  ) {
    this.name = service.name;
    this.namespace = service.namespace;
    this.host = serviceHost(service.name, service.namespace);
    this.document = service.document;
    this.ports = service.ports;
    this.#ownIdentity = `spiffe://${trustDomain}/ns/${service.namespace}/sa/${service.name}`;
    this.#select = select;
  }

  get instances(): readonly Instance[] {
    this.#instances ??= this.#membersOnce()
      .filter(isInstance)
      .sort((a, b) => compareText(a.name, b.name));
    return this.#instances;
  }

  get versions(): readonly string[] {
    this.#versions ??= distinct(this.#membersOnce().map((member) => member.version));
    return this.#versions;
  }

  get identities(): readonly string[] {
    this.#identities ??= distinct([this.#ownIdentity, ...this.#membersOnce().map((member) => member.identity)]);
    return this.#identities;
  }

  declarationOf(port: ServicePort): PortDeclaration {
    let declaration = this.#declarations.get(port);
    if (declaration === undefined) {
      declaration = declarePort(port, this.#membersOnce());
      this.#declarations.set(port, declaration);
    }
    return declaration;
  }

  #membersOnce(): readonly ServiceMember[] {
    this.#members ??= this.#select();
    return this.#members;
  }
}

/** Members by what services choose them by. */
class MemberSelection {
  readonly #members: readonly ServiceMember[];
  /** Made when a selector first needs it; a mesh without Service documents never does. */
  #byLabel: ReadonlyMap<string, readonly ServiceMember[]> | null = null;

  constructor(members: readonly ServiceMember[]) {
    this.#members = members;
  }

  byService(): ReadonlyMap<string, readonly [ServiceMember, ...ServiceMember[]]> {
    return grouped(this.#members, ({ namespace, service }) => (service === '' ? [] : [catalogKey(namespace, service)]));
  }

  /** Those that have every label of the selector. As in Kubernetes, a selector without labels selects nothing. */
  select(namespace: string, selector: Readonly<Record<string, string>>): readonly ServiceMember[] {
    const labels = Object.entries(selector);
    this.#byLabel ??= grouped(this.#members, (member) =>
      Object.entries(member.labels).map(([label, value]) => labelKey(member.namespace, label, value)),
    );
    let fewest: readonly ServiceMember[] = [];
    for (const [index, [label, value]] of labels.entries()) {
      const holders = this.#byLabel.get(labelKey(namespace, label, value)) ?? [];
      fewest = index === 0 || holders.length < fewest.length ? holders : fewest;
    }
    return fewest.filter((member) => labels.every(([label, value]) => member.labels[label] === value));
  }
}

function declaredPorts(document: ServiceDocument): readonly ServicePort[] {
  return document.spec.ports
    .filter((port) => (port.protocol ?? 'TCP') === 'TCP')
    .map((port) => ({
      port: port.port,
      name: port.name ?? '',
      appProtocol: port.appProtocol ?? '',
      target: targetPort(port.targetPort ?? port.port),
    }))
    .sort((a, b) => a.port - b.port);
}

function targetPort(target: number | string): TargetPort {
  return typeof target === 'number' ? { by: 'number', port: target } : { by: 'name', name: target };
}

/** Each declared port means itself; port 80 is always there, so that a URL needs no port number. */
function implicitPorts(members: readonly ServiceMember[]): readonly ServicePort[] {
  const declared = new Set<number>();
  for (const { ports } of members) {
    for (const { port } of ports) declared.add(port);
  }
  declared.delete(implicitPort);
  return [
    { port: implicitPort, target: { by: 'default' } as const },
    ...[...declared].map((port) => ({ port, target: { by: 'number', port } as const })),
  ]
    .map((port) => ({ ...port, name: '', appProtocol: '' }))
    .sort((a, b) => a.port - b.port);
}

/** Ordered, each once, without ''. */
function distinct(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)].filter((text) => text !== '').sort(compareText);
}

function grouped<T>(items: readonly T[], keysOf: (item: T) => readonly string[]): Map<string, [T, ...T[]]> {
  const groups = new Map<string, [T, ...T[]]>();
  for (const item of items) {
    for (const key of keysOf(item)) {
      const group = groups.get(key);
      if (group === undefined) {
        groups.set(key, [item]);
      } else {
        group.push(item);
      }
    }
  }
  return groups;
}

function catalogKey(namespace: string, name: string): string {
  return `${namespace}/${name}`;
}

function labelKey(namespace: string, label: string, value: string): string {
  return `${namespace} ${label}=${value}`;
}

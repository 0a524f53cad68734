import { routeConfigurationName } from '../../../proto/names.ts';
import type { PortProtocol } from '../../model/app-protocol.ts';
import { isWildcard } from '../../model/external-service/host.ts';
import type { ExternalService as ExternalDocument, ExternalProtocol } from '../../model/external-service.ts';
import { documentName } from '../../model/kinds.ts';
import { olderFirst } from '../../model/older-first.ts';
import { compareText } from '../view/order.ts';
import type { DeclaringPort, PortDeclaration } from './port-protocol.ts';

/** One host of an ExternalService: to everything that is said of services it is a service (see service-catalog.ts). */
export class ExternalHost {
  readonly kind = 'ExternalService';
  readonly name: string;
  readonly namespace: string;
  readonly host: string;
  readonly external: ExternalDocument;
  readonly document = null;
  readonly ports: readonly DeclaringPort[];
  readonly instances = [];
  readonly versions = [];
  /** Nobody of the mesh answers there. */
  readonly identities = [];

  constructor(external: ExternalDocument, host: string) {
    this.name = external.metadata.name;
    this.namespace = external.metadata.namespace;
    this.host = host;
    this.external = external;
    this.ports = external.spec.ports
      .map(({ port, name, protocol, targetPort }) => ({
        port,
        name: name ?? '',
        appProtocol: protocol,
        target: { by: 'number' as const, port: targetPort ?? port },
      }))
      .sort((a, b) => a.port - b.port);
  }

  declarationOf({ appProtocol }: DeclaringPort): PortDeclaration {
    // made of the document's own port, whose schema knows no other protocols
    return { protocol: carriedBy[appProtocol as ExternalProtocol], saidBy: 'appProtocol', workloads: [] };
  }
}

const carriedBy: Readonly<Record<ExternalProtocol, PortProtocol>> = {
  HTTP: 'http',
  HTTP2: 'http2',
  GRPC: 'http2',
  TLS: 'tcp',
  TCP: 'tcp',
};

/** A port of a host outside the mesh. */
export interface ExternalPort {
  readonly service: ExternalHost;
  readonly port: DeclaringPort;
}

/** Of a listener, which a sidecar takes up to 4 MiB: what else is in it, and what stands beside each name, need some room. */
const maxListedBytes = 3 * 1024 * 1024;
const bytesBesideAName = 8;

/** The first ones, up to the bound. */
function fitting(addresses: readonly string[]): string[] {
  let left = maxListedBytes;
  return addresses.filter((address) => {
    left -= address.length + bytesBesideAName;
    return left >= 0;
  });
}

/** A port of a host that an older document decides: for all, for callers of `others` namespaces only, or of its `own`. */
export interface ExternalConflict {
  readonly host: string;
  readonly port: number;
  readonly winner: ExternalDocument;
  readonly holdsFor: 'all' | 'others' | 'own';
}

/**
 * What is outside the mesh and has a name in it. For callers of a namespace that names a host and port itself its own document
 * decides, for all others the oldest: nobody takes over, or decides whose certificate counts for, what another namespace has
 * documents for. Among documents of one namespace the oldest decides. What is not exported decides for its own namespace alone.
 *
 * Source: GEP-713, "conflict resolution"; Istio, where a ServiceEntry of the caller's own namespace comes before exported ones.
 */
export class ExternalServices {
  readonly #byName = new Map<string, readonly ExternalHost[]>();
  readonly #byAddress = new Map<string, ExternalPort>();
  readonly #ofNamespaces = new Map<string, Map<string, ExternalPort>>();
  #told: ReadonlySet<string> | null = null;

  constructor(documents: readonly ExternalDocument[]) {
    for (const document of documents.toSorted((a, b) => olderFirst(a.metadata, b.metadata))) {
      const hosts = document.spec.hosts.map((host) => new ExternalHost(document, host));
      this.#byName.set(documentName(document), hosts);
      const own = this.#ofNamespaces.get(document.metadata.namespace) ?? new Map<string, ExternalPort>();
      this.#ofNamespaces.set(document.metadata.namespace, own);
      for (const service of hosts) {
        for (const port of service.ports) {
          const address = routeConfigurationName(service.host, port.port);
          const entry = { service, port };
          if (isExported(document) && !this.#byAddress.has(address)) this.#byAddress.set(address, entry);
          if (!own.has(address)) own.set(address, entry);
        }
      }
    }
  }

  /** The hosts of a document, in its order; empty for one that there is not. */
  named(namespace: string, name: string): readonly ExternalHost[] {
    return this.#byName.get(`ExternalService/${namespace}/${name}`) ?? [];
  }

  /** What decides for callers of a namespace; null where no document names that host and port. */
  at(host: string, port: number, namespace: string): ExternalPort | null {
    return this.of(namespace, host, port) ?? this.first(host, port);
  }

  /** What decides for callers of namespaces that say nothing of the host themselves. */
  first(host: string, port: number): ExternalPort | null {
    return this.#byAddress.get(routeConfigurationName(host, port)) ?? null;
  }

  /** What documents of that namespace say, whoever calls. */
  of(namespace: string, host: string, port: number): ExternalPort | null {
    return this.#ofNamespaces.get(namespace)?.get(routeConfigurationName(host, port)) ?? null;
  }

  /** Callers of one scope have the same documents decide; '' for those whose namespace has none. */
  scopeOf(namespace: string): string {
    return this.#ofNamespaces.has(namespace) ? `^${namespace}` : '';
  }

  /** What a cluster's name says of the document: its namespace, unless it decides for all who say nothing themselves. */
  subsetOf({ host, namespace }: Pick<ExternalHost, 'host' | 'namespace'>, port: number): string {
    const first = this.#byAddress.get(routeConfigurationName(host, port));
    return first !== undefined && first === this.of(namespace, host, port) ? '' : namespace;
  }

  /**
   * Host and port of all that callers of a namespace can call, as their RouteConfigurations are called. A wildcard of their own
   * comes before a longer name of another namespace.
   */
  addresses(namespace: string): readonly string[] {
    const own = this.#ofNamespaces.get(namespace);
    const wildcards = [...(own?.keys() ?? [])].filter(isWildcard).map((address) => address.slice(1));
    const isTaken = (address: string) => wildcards.some((suffix) => address.endsWith(suffix) && !own?.has(address));
    const known = new Set([...this.#byAddress.keys(), ...(own?.keys() ?? [])]);
    return [...known].filter((address) => !isTaken(address)).sort(compareText);
  }

  /**
   * Of these addresses those that the listener of a namespace's sidecars can carry: its own first, then the oldest, so that
   * nobody's many hosts take the room of what others have documents for.
   */
  listed(namespace: string, addresses: readonly string[]): readonly string[] {
    const wanted = new Set(addresses);
    const own = this.#ofNamespaces.get(namespace)?.keys() ?? [];
    const inOrder = [...new Set([...own, ...this.#byAddress.keys()])];
    return fitting(inOrder.filter((address) => wanted.has(address))).sort(compareText);
  }

  /** Whether there is no room left to tell sidecars of namespaces without documents of the host. */
  isUntold(host: string, port: number): boolean {
    this.#told ??= new Set(fitting([...this.#byAddress.keys()]));
    const address = routeConfigurationName(host, port);
    return this.#byAddress.has(address) && !this.#told.has(address);
  }

  /** Those that do not decide for all who say nothing themselves; a route may lead to them all the same. */
  overruled(): readonly ExternalPort[] {
    return [...this.#ofNamespaces.values()].flatMap((own) =>
      [...own.values()].filter(({ service, port }) => this.subsetOf(service, port.port) !== ''),
    );
  }

  conflictsOf(document: ExternalDocument): readonly ExternalConflict[] {
    const { namespace, name } = document.metadata;
    return this.named(namespace, name).flatMap(({ host, ports }) =>
      ports.flatMap(({ port }): readonly ExternalConflict[] => {
        const own = this.of(namespace, host, port)?.service.external;
        const first = this.#byAddress.get(routeConfigurationName(host, port))?.service.external;
        if (own !== undefined && own !== document) {
          return [{ host, port, winner: own, holdsFor: first === document ? 'own' : 'all' }];
        }
        if (!isExported(document)) return [];
        return first === undefined || first === document ? [] : [{ host, port, winner: first, holdsFor: 'others' }];
      }),
    );
  }
}

/** Whether it decides for callers of other namespaces at all. */
export function isExported({ spec }: ExternalDocument): boolean {
  return spec.exportTo?.[0] !== '.';
}

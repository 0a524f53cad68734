import { routeConfigurationName } from '../../proto/names.ts';
import type { PortProtocol } from '../model/app-protocol.ts';
import type { ExternalService as ExternalDocument, ExternalProtocol } from '../model/external-service.ts';
import { documentName } from '../model/kinds.ts';
import { compareText, olderFirst } from './order.ts';
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

/** A port of a host that an older document decides. */
export interface ExternalConflict {
  readonly host: string;
  readonly port: number;
  readonly winner: ExternalDocument;
}

/**
 * What is outside the mesh and has a name in it. One document decides about a host and port, for all callers: the oldest, so
 * that nobody can take over what others call.
 *
 * Source: GEP-713, "conflict resolution".
 */
export class ExternalServices {
  readonly #byName = new Map<string, readonly ExternalHost[]>();
  readonly #byAddress = new Map<string, ExternalPort>();

  constructor(documents: readonly ExternalDocument[]) {
    for (const document of documents.toSorted((a, b) => olderFirst(a.metadata, b.metadata))) {
      const hosts = document.spec.hosts.map((host) => new ExternalHost(document, host));
      this.#byName.set(documentName(document), hosts);
      for (const service of hosts) {
        for (const port of service.ports) {
          const address = routeConfigurationName(service.host, port.port);
          if (!this.#byAddress.has(address)) this.#byAddress.set(address, { service, port });
        }
      }
    }
  }

  /** The hosts of a document, in its order; empty for one that there is not. */
  named(namespace: string, name: string): readonly ExternalHost[] {
    return this.#byName.get(`ExternalService/${namespace}/${name}`) ?? [];
  }

  /** Null where no document names that host and port. */
  at(host: string, port: number): ExternalPort | null {
    return this.#byAddress.get(routeConfigurationName(host, port)) ?? null;
  }

  /** Host and port of all, as their RouteConfigurations are called. */
  addresses(): readonly string[] {
    return [...this.#byAddress.keys()].sort(compareText);
  }

  conflictsOf(document: ExternalDocument): readonly ExternalConflict[] {
    const { namespace, name } = document.metadata;
    return this.named(namespace, name).flatMap(({ host, ports }) =>
      ports.flatMap(({ port }) => {
        const winner = this.at(host, port)?.service.external;
        return winner === undefined || winner === document ? [] : [{ host, port, winner }];
      }),
    );
  }
}

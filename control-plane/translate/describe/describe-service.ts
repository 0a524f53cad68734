import type { ExternalService } from '../../model/external-service.ts';
import { resolutionOf } from '../../model/external-service.ts';
import type { FaultInjection } from '../../model/fault-injection.ts';
import type { ModelDocument } from '../../model/kinds.ts';
import { documentName } from '../../model/kinds.ts';
import type {
  DocumentSource,
  FaultDescription,
  InstanceDescription,
  OutsideDescription,
  PortDescription,
  RouteDescription,
  ServiceDescription,
} from '../../model/service-description.ts';
import { sourceOf } from '../../model/source-position.ts';
import type { TcpRoute } from '../../model/tcp-route.ts';
import { kibibytesPerSecond } from '../../model/traffic-policy/bandwidth-limit.ts';
import type { PolicyAttachments } from '../attachments/policies.ts';
import type { RequestRoutes } from '../attachments/request-routes.ts';
import type { RouteAttachments } from '../attachments/route-attachments.ts';
import type { RouteExtensions } from '../attachments/route-extensions.ts';
import { dialFor } from '../clusters/endpoints.ts';
import type { FaultAttachments } from '../filters/faults.ts';
import { decidingTcpRoute } from '../listeners/tcp-routes.ts';
import type { Problem } from '../problems/problem.ts';
import type { ExternalHost } from '../services/external-services.ts';
import type { Service, ServiceCatalog, ServicePort } from '../services/service-catalog.ts';
import type { Instance } from '../view/instance.ts';
import { describeRoutes, describeTcpRoute } from './describe-routes.ts';

/** What is attached to services in one view of the mesh. */
export interface Attachments {
  readonly catalog: ServiceCatalog;
  readonly routes: RequestRoutes;
  readonly tcpRoutes: RouteAttachments<TcpRoute>;
  readonly extensions: RouteExtensions;
  readonly policies: PolicyAttachments;
  readonly faults: FaultAttachments;
  readonly problems: readonly Problem[];
}

/** All that decides about calls to the service from a namespace, from the very parts that translation uses. */
export function describeService(
  service: Service | ExternalHost,
  callerNamespace: string,
  from: Attachments,
): ServiceDescription {
  const document = 'external' in service ? service.external : service.document;
  const documents = new Map<string, ModelDocument>();
  const note = (document: ModelDocument) => documents.set(documentName(document), document);
  if (document !== null) note(document);
  for (const policy of from.policies.attachedTo(service)) note(policy);
  const ports = service.ports.map((port) => describePort(service, port, callerNamespace, from, note));
  return {
    namespace: service.namespace,
    name: service.name,
    host: 'external' in service ? service.external.spec.hosts.join(', ') : service.host,
    source: document === null ? null : placeOf(document),
    identities: service.identities,
    versions: service.versions.map((version) => ({
      version,
      instances: service.instances.filter((instance) => instance.version === version).length,
    })),
    instances: service.instances.map((instance) => describeInstance(instance, service)),
    outside: 'external' in service ? describeOutside(service.external) : null,
    ports,
    documents: [...documents.values()].map((document) => ({
      ...placeOf(document),
      revision: document.metadata.resourceVersion ?? '0',
    })),
    problems: from.problems
      .filter(({ document }) => documents.has(document))
      .map(({ document, path, message }) => ({ document, path, message })),
  };
}

function describeOutside({ spec }: ExternalService): OutsideDescription {
  const { mode = 'SIMPLE', sni = '', subjectAltNames = [], caCertificates } = spec.tls ?? {};
  return {
    resolution: resolutionOf(spec),
    tls: spec.tls === undefined ? null : { mode, sni, subjectAltNames, hasRoots: caCertificates !== undefined },
    endpoints: spec.endpoints.map(({ address, port = null, weight }) => ({ address, port, weight })),
  };
}

function describeInstance(instance: Instance, service: Service): InstanceDescription {
  const { name, version, address, weight, region, zone, identity } = instance;
  const ports = service.ports.flatMap(({ port, target }) => {
    const dial = dialFor(instance, target);
    if (dial === null) return [];
    const host = dial.address.includes(':') ? `[${dial.address}]` : dial.address;
    return [{ port, dialed: `${host}:${dial.port}`, isMeshed: dial.isMeshed }];
  });
  return { name, version, address, ports, weight, region, zone, identity };
}

function describePort(
  service: Service,
  port: ServicePort,
  callerNamespace: string,
  { catalog, routes, tcpRoutes, extensions, policies, faults }: Attachments,
  note: (document: ModelDocument) => void,
): PortDescription {
  const { protocol, saidBy } = service.declarationOf(port);
  const fault = faults.faultFor(service, port);
  if (fault !== null) note(fault);
  // of an ExternalService the routes of all its hosts, each once
  const hosts = service.kind === 'Service' ? [service] : catalog.external.named(service.namespace, service.name);
  const routed = { service, catalog };
  const described: RouteDescription[] = [];
  if (protocol !== 'tcp') {
    const deciding = new Set(hosts.flatMap((host) => routes.routesFor(host, port, callerNamespace)));
    for (const route of deciding) note(route);
    described.push(...describeRoutes([...deciding], extensions, routed));
  }
  const tcpRoute =
    protocol === 'tcp' || protocol === 'auto'
      ? decidingTcpRoute(tcpRoutes.routesFor(service, port, callerNamespace))
      : null;
  if (tcpRoute !== null) {
    note(tcpRoute);
    described.push(...describeTcpRoute(tcpRoute, routed));
  }
  return {
    port: port.port,
    name: port.name,
    protocol,
    saidBy,
    routes: described,
    policy: policies.fieldsFor(service, port).map(({ field, value, from }) => {
      if (from?.kind === 'Mesh') note(from);
      return { field, value, source: from === null ? null : placeOf(from) };
    }),
    fault: fault === null ? null : describeFault(fault),
  };
}

function describeFault(fault: FaultInjection): FaultDescription {
  const { until, delay, abort, responseRateLimit: rateLimit, headers } = fault.spec;
  const answer = abort && (abort.httpStatus ?? (abort.grpcStatus === undefined ? null : `gRPC ${abort.grpcStatus}`));
  return {
    ...placeOf(fault),
    until,
    delay: delay === undefined ? '' : `${delay.percentage} % wait ${delay.fixedDelay ?? 'as they ask'}`,
    abort: abort === undefined ? '' : `${abort.percentage} % are answered ${answer ?? 'as they ask'}`,
    responseRate:
      rateLimit === undefined
        ? ''
        : `${rateLimit.percentage} % get their answer ${
            rateLimit.fixedLimit
              ? `at ${kibibytesPerSecond(rateLimit.fixedLimit)} KiB a second`
              : 'as slowly as they ask'
          }`,
    headers: headers.map(({ name, value }) => `${name}: ${value}`),
  };
}

function placeOf(document: ModelDocument): DocumentSource {
  const source = sourceOf(document);
  return { document: documentName(document), file: source?.file ?? '', line: source?.line ?? 0 };
}

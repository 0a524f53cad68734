import type { BackendTrafficPolicy } from '../../model/backend-traffic-policy.ts';
import type { FaultInjection } from '../../model/fault-injection.ts';
import { documentName } from '../../model/kinds.ts';
import type { Service } from '../../model/service.ts';
import type { TcpRoute } from '../../model/tcp-route.ts';
import type { PolicyAttachments } from '../attachments/policies.ts';
import type { RequestRoutes } from '../attachments/request-routes.ts';
import type { RouteAttachments } from '../attachments/route-attachments.ts';
import type { RouteExtensions } from '../attachments/route-extensions.ts';
import { dialFor } from '../clusters/endpoints.ts';
import type { FaultAttachments } from '../filters/faults.ts';
import type { ServiceCatalog } from '../services/service-catalog.ts';
import type { Documents } from '../view/mesh-view.ts';
import { externalServiceFindings, withoutEffectOutside } from './external-problems.ts';
import { fallbackFindings } from './fallback-problems.ts';
import { healthCheckFindings } from './health-check-problems.ts';
import type { CrowdedRoutes } from './pattern-problems.ts';
import { patternFindings } from './pattern-problems.ts';
import type { Finding, Problem } from './problem.ts';
import { declarationFindings, workloadProblems } from './protocol-problems.ts';
import { defaultLimitFindings, globalLimitFindings, rateLimitServiceFindings } from './rate-limit-problems.ts';
import { requestRouteFindings, tcpRouteFindings } from './route-problems.ts';
import { faultsOfBytes, withoutEffectOnBytes, withoutEffectOnRequests } from './tcp-port-problems.ts';

/** All that documents ask for and cannot have, for their status; in the order of the documents given. */
export function findProblems(
  documents: Documents,
  catalog: ServiceCatalog,
  policies: PolicyAttachments,
  faults: FaultAttachments,
  requestRoutes: RequestRoutes,
  extensions: RouteExtensions,
  tcpRoutes: RouteAttachments<TcpRoute>,
  crowded: CrowdedRoutes,
): readonly Problem[] {
  return [
    ...documents.Service.flatMap((service) =>
      named(service, [...serviceFindings(service, catalog), ...declarationFindings(service, catalog)]),
    ),
    ...workloadProblems(catalog),
    ...[...documents.HTTPRoute, ...documents.GRPCRoute].flatMap((route) =>
      named(route, [
        ...requestRouteFindings(route, catalog, requestRoutes, extensions),
        ...patternFindings(route, catalog, requestRoutes, crowded),
      ]),
    ),
    ...documents.TCPRoute.flatMap((route) => named(route, tcpRouteFindings(route, catalog, tcpRoutes))),
    ...documents.ExternalService.flatMap((external) => named(external, externalServiceFindings(external, catalog))),
    ...documents.BackendTrafficPolicy.flatMap((policy) =>
      named(policy, [
        ...withoutEffectOutside(policy),
        ...withoutEffectOnBytes(policy, catalog),
        ...withoutEffectOnRequests(policy, catalog),
        ...targetFindings(policy, catalog),
        ...conflictFindings(policy, catalog, policies),
        ...healthCheckFindings(policy, catalog),
        ...globalLimitFindings(policy, documents.Mesh[0] ?? null, catalog),
        ...fallbackFindings(policy, catalog),
      ]),
    ),
    ...documents.Mesh.flatMap((mesh) =>
      named(mesh, [...rateLimitServiceFindings(mesh, catalog), ...defaultLimitFindings(mesh, catalog)]),
    ),
    ...documents.FaultInjection.flatMap((fault) =>
      named(fault, [
        ...targetFindings(fault, catalog),
        ...faultsOfBytes(fault, catalog),
        ...faultFindings(fault, faults),
      ]),
    ),
  ];
}

/** A selector that selects nothing is no fault, workloads come and go; one that selects workloads in vain is. */
function serviceFindings(document: Service, catalog: ServiceCatalog): readonly Finding[] {
  const { namespace, name } = document.metadata;
  if (Object.keys(document.spec.selector ?? {}).length === 0) {
    return [{ path: 'spec.selector', message: 'without a selector the Service has no endpoints' }];
  }
  const service = catalog.service(namespace, name);
  return document.spec.ports.flatMap((declared, index) => {
    const port = service?.ports.find((candidate) => candidate.port === declared.port);
    const isServed =
      port === undefined || service?.instances.some((instance) => dialFor(instance, port.target) !== null);
    const field = declared.targetPort === undefined ? 'port' : 'targetPort';
    return isServed || service?.instances.length === 0
      ? []
      : [
          {
            path: `spec.ports[${index}].${field}`,
            message: `none of the workloads that the Service selects declares port ${declared.targetPort ?? declared.port}`,
          },
        ];
  });
}

function targetFindings(policy: BackendTrafficPolicy | FaultInjection, catalog: ServiceCatalog): readonly Finding[] {
  const { namespace } = policy.metadata;
  return policy.spec.targetRefs.flatMap(({ kind, name, sectionName }, index) => {
    const destination = catalog.target({ kind, name }, namespace);
    const what = `${kind} ${namespace}/${name}`;
    if (destination === null) {
      return [{ path: `spec.targetRefs[${index}].name`, message: `${what} does not exist` }];
    }
    const { service, subset } = destination;
    if (subset !== '') {
      const message = `${name} is version ${subset} of ${service.name}; a policy holds for a whole Service`;
      return [{ path: `spec.targetRefs[${index}].name`, message }];
    }
    return sectionName === undefined || service.ports.some((port) => port.name === sectionName)
      ? []
      : [{ path: `spec.targetRefs[${index}].sectionName`, message: `${what} has no port named ${sectionName}` }];
  });
}

function conflictFindings(
  policy: BackendTrafficPolicy,
  catalog: ServiceCatalog,
  policies: PolicyAttachments,
): readonly Finding[] {
  const findings = policy.spec.targetRefs.flatMap(({ kind, name }) => {
    const { service, subset } = catalog.target({ kind, name }, policy.metadata.namespace) ?? {
      service: null,
      subset: '',
    };
    return (service === null || subset !== '' ? [] : policies.conflictsAt(service))
      .filter((conflict) => conflict.policy === policy)
      .flatMap(({ winner, sections }) =>
        sections.map((section) => ({
          path: `spec.${section}`,
          message: `BackendTrafficPolicy ${winner.metadata.name}, which is older, decides this for ${name}`,
        })),
      );
  });
  return distinctFindings(findings);
}

function faultFindings(fault: FaultInjection, faults: FaultAttachments): readonly Finding[] {
  const { namespace } = fault.metadata;
  return fault.spec.targetRefs.flatMap(({ kind, name, sectionName }, index) => {
    const winner = faults.decisive(namespace, { kind, name }, sectionName);
    return winner === fault || winner === null
      ? []
      : [
          {
            path: `spec.targetRefs[${index}]`,
            message: `FaultInjection ${winner.metadata.name}, which is older, decides the faults of ${name}`,
          },
        ];
  });
}

function distinctFindings(findings: readonly Finding[]): readonly Finding[] {
  return [...new Map(findings.map((finding) => [`${finding.path} ${finding.message}`, finding])).values()];
}

function named(document: Parameters<typeof documentName>[0], findings: readonly Finding[]): readonly Problem[] {
  const name = documentName(document);
  return findings.map((finding) => ({ document: name, ...finding }));
}

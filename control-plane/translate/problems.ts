import type { BackendTrafficPolicy } from '../model/backend-traffic-policy.ts';
import type { HttpRoute } from '../model/http-route.ts';
import { documentName } from '../model/kinds.ts';
import type { Service } from '../model/service.ts';
import { resolveBackend } from './backends.ts';
import { dialFor } from './endpoints.ts';
import type { Documents } from './mesh-view.ts';
import type { PolicyAttachments } from './policies.ts';
import type { Problem } from './problem.ts';
import { covers, serviceParents } from './route-attachments.ts';
import type { ServiceCatalog } from './service-catalog.ts';

type Finding = Omit<Problem, 'document'>;

/** All that documents ask for and cannot have, for their status; in the order of the documents given. */
export function findProblems(
  documents: Documents,
  catalog: ServiceCatalog,
  policies: PolicyAttachments,
): readonly Problem[] {
  return [
    ...documents.Service.flatMap((service) => named(service, serviceFindings(service, catalog))),
    ...documents.HTTPRoute.flatMap((route) =>
      named(route, [...parentFindings(route, catalog), ...backendFindings(route, catalog)]),
    ),
    ...documents.BackendTrafficPolicy.flatMap((policy) =>
      named(policy, [...targetFindings(policy, catalog), ...conflictFindings(policy, catalog, policies)]),
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

function parentFindings(route: HttpRoute, catalog: ServiceCatalog): readonly Finding[] {
  return serviceParents(route).flatMap(({ reference, parent, index }) => {
    const service = catalog.find(parent.namespace, parent.name)?.service;
    const what = `Service ${parent.namespace}/${parent.name}`;
    if (service === undefined) {
      return [{ path: `spec.parentRefs[${index}]`, message: `${what} does not exist` }];
    }
    return service.ports.some((port) => covers(reference, port))
      ? []
      : [{ path: `spec.parentRefs[${index}]`, message: `${what} has no such port` }];
  });
}

function backendFindings(route: HttpRoute, catalog: ServiceCatalog): readonly Finding[] {
  const { namespace } = route.metadata;
  const parents = new Set(serviceParents(route).map(({ parent }) => parent.namespace));
  return route.spec.rules.flatMap(({ backendRefs, filters }, ruleIndex) => {
    const path = `spec.rules[${ruleIndex}]`;
    const isRedirect = filters.some((filter) => filter.requestRedirect !== undefined);
    if (parents.size > 0 && backendRefs.length === 0 && !isRedirect) {
      return [{ path, message: 'the rule has neither a backend nor a redirect and answers 500' }];
    }
    return backendRefs.flatMap((reference, index) => {
      // What is allowed through one parent may be refused through another; each reason is told once.
      const reasons = [...parents]
        .map((parent) => resolveBackend(reference, namespace, parent, catalog))
        .flatMap((backend) => ('missing' in backend ? [backend.missing] : []));
      return [...new Set(reasons)].map((message) => ({ path: `${path}.backendRefs[${index}]`, message }));
    });
  });
}

function targetFindings(policy: BackendTrafficPolicy, catalog: ServiceCatalog): readonly Finding[] {
  const { namespace } = policy.metadata;
  return policy.spec.targetRefs.flatMap(({ name, sectionName }, index) => {
    const destination = catalog.find(namespace, name);
    const what = `Service ${namespace}/${name}`;
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
  const targets = new Set(policy.spec.targetRefs.map(({ name }) => name));
  const findings = [...targets].flatMap((name) => {
    const service = catalog.service(policy.metadata.namespace, name);
    return (service === null ? [] : policies.conflictsAt(service))
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

function distinctFindings(findings: readonly Finding[]): readonly Finding[] {
  return [...new Map(findings.map((finding) => [`${finding.path} ${finding.message}`, finding])).values()];
}

function named(document: Parameters<typeof documentName>[0], findings: readonly Finding[]): readonly Problem[] {
  const name = documentName(document);
  return findings.map((finding) => ({ document: name, ...finding }));
}

import type { Service as ServiceDocument } from '../../model/service.ts';
import type { PortDeclaration, WorkloadDeclaration } from '../services/port-protocol.ts';
import type { Service, ServiceCatalog, ServicePort } from '../services/service-catalog.ts';
import { compareText } from '../view/order.ts';
import type { Finding, Problem } from './problem.ts';

/** How many workloads a message names; a service may have thousands. */
const namedWorkloads = 3;

/** Where a Service and its workloads, or these among themselves, say different things of one port. */
export function declarationFindings(document: ServiceDocument, catalog: ServiceCatalog): readonly Finding[] {
  const { namespace, name } = document.metadata;
  const service = catalog.service(namespace, name);
  return document.spec.ports.flatMap((declared, index) => {
    const port = service?.ports.find((candidate) => candidate.port === declared.port);
    const declaration = port && service?.declarationOf(port);
    const others = declaration === undefined ? [] : dissenting(declaration);
    if (declaration === undefined || others.length === 0) return [];
    return declaration.saidBy === 'appProtocol'
      ? [
          {
            path: `spec.ports[${index}].appProtocol`,
            message: `${listed(others)}; what the Service says counts`,
          },
        ]
      : [
          {
            path: `spec.ports[${index}]`,
            message: `the workloads disagree: ${listed(byName(declaration.workloads))}; it counts as ${declaration.protocol} until the port has an appProtocol`,
          },
        ];
  });
}

/** The same for services without a document: it is told to the workloads that are not taken at their word. */
export function workloadProblems(catalog: ServiceCatalog): readonly Problem[] {
  return catalog
    .all()
    .filter(({ document }) => document === null)
    .flatMap((service) => distinct(service.ports.flatMap((port) => problemsAt(service, port))));
}

function problemsAt(service: Service, port: ServicePort): readonly Problem[] {
  const declaration = service.declarationOf(port);
  return dissenting(declaration).flatMap(({ workload, port: own, declared }) => {
    const index = service.instances.find(({ name }) => name === workload)?.ports.findIndex((p) => p.port === own) ?? 0;
    return [
      {
        document: `Workload/${service.namespace}/${workload}`,
        path: `spec.ports[${index}].appProtocol`,
        message: `others of ${service.name} do not say ${declared} of port ${own}: it counts as ${declaration.protocol} until a Service says which it is`,
      },
    ];
  });
}

function dissenting({ protocol, workloads }: PortDeclaration): readonly WorkloadDeclaration[] {
  return byName(workloads.filter((workload) => workload.protocol !== protocol));
}

function byName(workloads: readonly WorkloadDeclaration[]): readonly WorkloadDeclaration[] {
  return [...workloads].sort((a, b) => compareText(a.workload, b.workload));
}

function listed(workloads: readonly WorkloadDeclaration[]): string {
  const named = workloads.slice(0, namedWorkloads).map(({ workload, declared }) => `${workload} says ${declared}`);
  const more = workloads.length - named.length;
  return named.join(', ') + (more > 0 ? ` and ${more} more` : '');
}

/** Port 80 of an implicit service is another of its ports, too. */
function distinct(problems: readonly Problem[]): readonly Problem[] {
  return [...new Map(problems.map((problem) => [`${problem.document} ${problem.path}`, problem])).values()];
}

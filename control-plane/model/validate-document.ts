import type { Violation } from '../../proto/violation.ts';
import { meantProtocol, namedProtocol } from './app-protocol.ts';
import type { Fault, ValuePath } from './document-violation.ts';
import { parsePath } from './document-violation.ts';
import type { GrpcRoute } from './grpc-route.ts';
import type { HttpRoute } from './http-route.ts';
import type { ModelDocument } from './kinds.ts';
import type { Mesh } from './mesh.ts';
import { nearestWord } from './nearest-word.ts';
import { isExternalReference, isMeshReference } from './object-reference.ts';
import { annotationFaults } from './own-annotations.ts';
import type { Service } from './service.ts';
import type { TcpRoute } from './tcp-route.ts';

/** What a document is checked against: everything else there is. */
export interface DocumentLookup {
  /** The trust domain that certificates carry. */
  readonly trustDomain: string;
  /** Names that references in that namespace can use: services, declared or implied by workloads, and versions of them. */
  serviceNames(namespace: string): readonly string[];
  /** What the document would ask for and could not have if it were applied now, as translation finds it. */
  problems(document: ModelDocument): readonly Violation[];
}

/** A fault that shows only beside other documents. Warnings do not keep the document out. */
export interface Finding extends Fault {
  readonly severity: 'error' | 'warning';
}

/**
 * Checks a document that is right in itself against the rest of the mesh.
 *
 * A reference to something that does not exist is a warning, as Gateway API has it: documents may come in any order,
 * and the share of the missing backend answers 500 meanwhile. What could never become right is an error.
 */
export function validateDocument(document: ModelDocument, lookup: DocumentLookup): readonly Finding[] {
  const findings: Finding[] = annotationFaults(document).map((fault) => ({ severity: 'warning', ...fault }));
  if (document.kind === 'HTTPRoute' || document.kind === 'GRPCRoute' || document.kind === 'TCPRoute')
    findings.push(...routeFindings(document));
  if (document.kind === 'Service') findings.push(...serviceFindings(document));
  if (document.kind === 'Mesh') findings.push(...meshFindings(document, lookup.trustDomain));
  const errors = new Set(findings.map(({ path }) => path.join('/')));
  for (const { path: text, message } of lookup.problems(document)) {
    const path = parsePath(text);
    if (errors.has(path.join('/'))) continue;
    const suggestion = meantService(document, path, lookup);
    const hint = suggestion === null ? '' : `; did you mean ${suggestion}?`;
    findings.push({ severity: 'warning', path, at: 'value', message: `${message}${hint}`, suggestion });
  }
  return findings;
}

function routeFindings({ kind, spec }: HttpRoute | GrpcRoute | TcpRoute): readonly Finding[] {
  const findings: Finding[] = [];
  const warn = (path: ValuePath, at: 'key' | 'value', message: string, suggestion: string | null = null) =>
    findings.push({ severity: 'warning', path, at, message, suggestion });
  if (!spec.parentRefs.some(isMeshReference)) {
    const message = 'the route has no Service or ExternalService among its parentRefs, so it has no effect in the mesh';
    warn(['spec', 'parentRefs'], 'key', message);
  } else if ('hostnames' in spec && (spec.hostnames ?? []).length > 0 && !spec.parentRefs.some(isExternalReference)) {
    const message = "hostnames have no effect where a Service is the parent: that Service's own names hold";
    warn(['spec', 'hostnames'], 'key', message);
  }
  for (const [rule, { backendRefs }] of spec.rules.entries()) {
    for (const [index, backend] of backendRefs.entries()) {
      if (isMeshReference(backend)) continue;
      const path = ['spec', 'rules', rule, 'backendRefs', index, 'kind'];
      const share = kind === 'TCPRoute' ? 'connections is closed' : 'requests answers 500';
      warn(
        path,
        'value',
        `${backend.kind} is no backend of the mesh, its share of the ${share}: write a Service`,
        'Service',
      );
    }
  }
  return findings;
}

/** An `appProtocol` is free text in Kubernetes, so one that says nothing to the mesh is no error. */
function serviceFindings({ spec }: Service): readonly Finding[] {
  return spec.ports.flatMap(({ appProtocol }, index) => {
    if (appProtocol === undefined || namedProtocol(appProtocol) !== null) return [];
    const suggestion = meantProtocol(appProtocol);
    const hint = suggestion === null ? '' : `; did you mean ${suggestion}?`;
    const message = `the mesh does not know the protocol ${appProtocol} and treats the port as one without${hint}`;
    return [{ severity: 'warning', path: ['spec', 'ports', index, 'appProtocol'], at: 'value', message, suggestion }];
  });
}

function meshFindings({ spec }: Mesh, trustDomain: string): readonly Finding[] {
  if (spec.trustDomain === undefined || spec.trustDomain === trustDomain) return [];
  const message = `the trust domain is ${trustDomain} and cannot change: every certificate carries it`;
  return [{ severity: 'error', path: ['spec', 'trustDomain'], at: 'value', message, suggestion: trustDomain }];
}

/** The service that a reference with a problem probably meant; `null` when its name is right or unlike any. */
function meantService(document: ModelDocument, path: ValuePath, lookup: DocumentLookup): string | null {
  let value: unknown = document;
  let reference: unknown = null;
  for (const part of path) {
    value = Object(value)[part];
    if (typeof value === 'object' && value !== null && 'name' in value) reference = value;
  }
  const { name, namespace } = Object(reference) as { name?: unknown; namespace?: unknown };
  if (typeof name !== 'string' || path.length < 3 || !('namespace' in document.metadata)) return null;
  const names = lookup.serviceNames(typeof namespace === 'string' ? namespace : document.metadata.namespace);
  return names.includes(name) ? null : nearestWord(name, names);
}

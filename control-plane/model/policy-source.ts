import type { BackendTrafficPolicy } from './backend-traffic-policy.ts';
import type { ModelDocument } from './kinds.ts';
import { documentName } from './kinds.ts';
import { olderFirst } from './older-first.ts';
import { sourceOf } from './source-position.ts';
import type { PolicySection } from './traffic-policy.ts';

/** A document, and where it was written; '' and 0 where nobody said. */
export interface DocumentPlace {
  readonly document: string;
  readonly file: string;
  readonly line: number;
}

/**
 * The document whose section holds for a port of a service, as `resolveTrafficPolicy` has it: that of the port before that of
 * the service, the older before the younger, the defaults of Mesh last. Null where the built-in defaults hold.
 */
export function policySource(
  documents: readonly ModelDocument[],
  { namespace, name, port }: { readonly namespace: string; readonly name: string; readonly port: number },
  section: PolicySection,
): DocumentPlace | null {
  const service = documents.find(
    (document) =>
      document.kind === 'Service' && document.metadata.namespace === namespace && document.metadata.name === name,
  );
  const portName =
    service?.kind === 'Service' ? service.spec.ports.find((each) => each.port === port)?.name : undefined;
  const attached = documents
    .filter((document): document is BackendTrafficPolicy => document.kind === 'BackendTrafficPolicy')
    .filter(({ metadata, spec }) => metadata.namespace === namespace && spec[section] !== undefined)
    .toSorted((a, b) => olderFirst(a.metadata, b.metadata));
  const first = (sectionName: string | undefined) =>
    attached.find(({ spec }) =>
      spec.targetRefs.some(
        (target) => target.kind === 'Service' && target.name === name && target.sectionName === sectionName,
      ),
    );
  const policy = (portName === undefined ? undefined : first(portName)) ?? first(undefined);
  if (policy !== undefined) return placeOf(policy);
  const mesh = documents.find((document) => document.kind === 'Mesh');
  return mesh?.kind === 'Mesh' && mesh.spec.defaults?.[section] !== undefined ? placeOf(mesh) : null;
}

function placeOf(document: ModelDocument): DocumentPlace {
  const source = sourceOf(document);
  return { document: documentName(document), file: source?.file ?? '', line: source?.line ?? 0 };
}

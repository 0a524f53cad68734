import type { z } from 'zod';
import type { Fault } from './document-violation.ts';
import type { Kind, ModelDocument } from './kinds.ts';
import { allKinds, kindOf } from './kinds.ts';
import { nearestWord } from './nearest-word.ts';
import { patternFaults } from './pattern-faults.ts';
import { plainValue } from './plain-value.ts';
import { faultOf, plainWords } from './plain-words.ts';
import { unknownFields } from './unknown-fields.ts';

export type CheckedDocument =
  | { readonly document: ModelDocument; readonly faults: readonly [] }
  /** `kind` is known when the faults are inside a document of that kind. */
  | { readonly document: null; readonly kind: Kind | null; readonly faults: readonly Fault[] };

/**
 * Checks one value as a document by itself: kind, fields, types, bounds, and the rules between its fields. All faults at
 * once. What depends on other documents is for `validateDocument`. A document without namespace is put into
 * `defaultNamespace`.
 */
export function checkDocument(input: unknown, defaultNamespace = 'default'): CheckedDocument {
  const { value, faults } = plainValue(input);
  if (value === undefined && faults.length > 0) return { document: null, kind: null, faults };
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return refused([
      { path: [], at: 'value', message: 'a document begins with apiVersion and kind', suggestion: null },
    ]);
  }
  const { apiVersion, kind: kindName } = value as { apiVersion?: unknown; kind?: unknown };
  const kind = kindOf(apiVersion, kindName);
  if (kind === null) return refused([...faults, ...kindFaults(apiVersion, kindName)]);
  if (kind.namespaced) fillNamespace(value, defaultNamespace);
  // widened: the union of all schemas has no common parse signature
  const schema: z.ZodType<ModelDocument> = kind.schema;
  const parsed = schema.safeParse(value, { error: plainWords, reportInput: true });
  const found = firstFaults(
    faults,
    unknownFields(schema, value),
    patternFaults(kind.kind, value),
    parsed.error?.issues ?? [],
  );
  return parsed.success && found.length === 0
    ? { document: parsed.data, faults: [] }
    : { document: null, kind, faults: found };
}

/** Faults of one document that are told; who has put so many right runs the check again anyway. */
const maxFaults = 100;

function firstFaults(
  faults: readonly Fault[],
  unknown: Iterable<Fault>,
  patterns: Iterable<Fault>,
  issues: readonly z.core.$ZodIssue[],
): readonly Fault[] {
  const first: Fault[] = [];
  const sources = [() => faults, () => unknown, () => patterns, () => issues.slice(0, maxFaults + 1).map(faultOf)];
  for (const source of sources) {
    for (const fault of source()) {
      if (first.length === maxFaults) return [...first, tooMany];
      first.push(fault);
    }
  }
  return first;
}

const tooMany: Fault = { path: [], at: 'value', message: `there are more than ${maxFaults} faults`, suggestion: null };

function fillNamespace(value: object, namespace: string): void {
  const { metadata } = value as { metadata?: unknown };
  if (typeof metadata === 'object' && metadata !== null && !('namespace' in metadata)) {
    Object.assign(metadata, { namespace });
  }
}

function refused(faults: readonly Fault[]): CheckedDocument {
  return { document: null, kind: null, faults };
}

/** Kinds of Gateway API that say something about traffic, which it would be wrong to pass over in silence. */
const laterKinds: ReadonlySet<string> = new Set(['TLSRoute', 'UDPRoute']);

const asHttpRoute = 'HTTPRoute says it here';

/** What says the same here, for kinds that users of other meshes know (Istio, Linkerd, SMI, Consul). */
const counterparts: ReadonlyMap<string, string> = new Map([
  ['VirtualService', 'HTTPRoute says it here, and BackendTrafficPolicy for retries'],
  ['DestinationRule', 'BackendTrafficPolicy says it here; a subset is a Service such as cart-v1'],
  ['ServiceEntry', 'ExternalService says it here'],
  ['MeshExternalService', 'ExternalService says it here'],
  ['AuthorizationPolicy', 'not yet: every service of the trust domain may call every other'],
  ['PeerAuthentication', 'between sidecars there is always mutual TLS'],
  ['ServiceProfile', 'HTTPRoute says it here, and BackendTrafficPolicy for retries'],
  ['TrafficSplit', asHttpRoute],
  ['ServiceRouter', asHttpRoute],
  ['ServiceSplitter', asHttpRoute],
]);

function kindFaults(apiVersion: unknown, kind: unknown): Fault[] {
  const faults: Fault[] = [];
  const add = (field: string, message: string, suggestion: string | null = null) =>
    faults.push({ path: [field], at: 'value', message, suggestion });
  if (typeof apiVersion !== 'string') add('apiVersion', 'missing field apiVersion');
  if (typeof kind !== 'string') {
    add('kind', 'missing field kind');
    return faults;
  }
  const row = allKinds.find((candidate) => candidate.kind === kind);
  if (row !== undefined && typeof apiVersion === 'string') {
    add('apiVersion', `the apiVersion of ${kind} is ${row.apiVersions[0]}`, row.apiVersions[0]);
  } else if (laterKinds.has(kind)) {
    const counterpart = counterparts.get(kind);
    add('kind', `${kind} is not supported by this version of Heddle${counterpart ? `: ${counterpart}` : ''}`);
  } else if (row === undefined && counterparts.has(kind)) {
    add('kind', `unknown kind ${kind}; ${counterparts.get(kind)}`);
  } else if (row === undefined) {
    const suggestion = nearestWord(
      kind,
      allKinds.map((candidate) => candidate.kind),
    );
    const known = allKinds.map((candidate) => candidate.kind).join(', ');
    const hint = suggestion === null ? `the kinds are ${known}` : `did you mean ${suggestion}?`;
    add('kind', `unknown kind ${kind.slice(0, 64)}; ${hint}`, suggestion);
  }
  return faults;
}

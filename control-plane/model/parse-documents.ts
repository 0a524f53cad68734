import { checkDocument } from './check-document.ts';
import type { DocumentText, TextPosition } from './document-text.ts';
import type { DocumentViolation, Fault, ValuePath } from './document-violation.ts';
import { formatPath } from './document-violation.ts';
import type { ModelDocument } from './kinds.ts';
import { documentName } from './kinds.ts';
import { readJson } from './read-json.ts';
import { readYaml } from './read-yaml.ts';
import { formatSource, sourceAnnotation } from './source-position.ts';

/** Longest text that is read, the size of a Kubernetes request: 3 MiB. */
export const maxTextBytes = 3 * 1024 * 1024;

/** Violations of one text that are told; a reader who has repaired so many runs the check again anyway. */
const maxViolations = 100;

export interface ParseOptions {
  /** Noted in violations, and in each document as its {@link sourceAnnotation}; left out for text that is no file. */
  readonly fileName?: string;
  /** What the text is said to be; found out when left out. */
  readonly format?: 'yaml' | 'json';
  /** Default 1000; a longer text is refused as a whole. */
  readonly maxDocuments?: number;
  /** For documents that name none; default `default`. */
  readonly defaultNamespace?: string;
}

/** A document with the means to say where in its text something stands. */
export interface ParsedDocument {
  readonly document: ModelDocument;
  /** Turns a fault found later, by looking at other documents too, into a violation with its place in the text. */
  violation(fault: Fault, severity: 'error' | 'warning'): DocumentViolation;
}

export interface ParsedDocuments {
  /** Those without fault, in the order of the text. */
  readonly documents: readonly ParsedDocument[];
  /** Every fault of the others, in the order of the text, and warnings about what was left out. */
  readonly violations: readonly DocumentViolation[];
}

/**
 * Reads and checks all documents of one text, YAML or JSON; lists such as `kubectl get -o yaml` prints are taken apart.
 *
 * Never throws for what is in the text. Kinds that belong to Kubernetes alone (a Deployment beside its Service) are left
 * out with a warning, so that one file can serve both.
 */
export function parseDocuments(text: string, options: ParseOptions = {}): ParsedDocuments {
  const file = options.fileName ?? null;
  if (text.length > maxTextBytes || Buffer.byteLength(text) > maxTextBytes) {
    return { documents: [], violations: [textViolation(file, 'a text has at most 3 MiB', null)] };
  }
  const maxDocuments = options.maxDocuments ?? 1000;
  const format = options.format ?? (isJson(text) ? 'json' : 'yaml');
  const { documents: texts, faults } = format === 'json' ? readJson(text) : readYaml(text, maxDocuments);
  const documents: ParsedDocument[] = [];
  const violations = faults.map(({ message, position }) => textViolation(file, message, position));
  const items = texts.flatMap(withoutLists);
  if (items.length > maxDocuments) {
    return { documents: [], violations: [textViolation(file, `a text has at most ${maxDocuments} documents`, null)] };
  }
  for (const item of items) {
    const place = (fault: Fault, severity: 'error' | 'warning', document: string | null) =>
      placedViolation(item, file, fault, severity, document);
    const foreign = foreignKind(item.value);
    if (foreign !== null) {
      const message = `${foreign} is left out: it is for Kubernetes, not for the mesh`;
      violations.push(place({ path: ['kind'], at: 'value', message, suggestion: null }, 'warning', null));
      continue;
    }
    const checked = checkDocument(item.value, options.defaultNamespace);
    if (checked.document === null) {
      const name = writtenName(item.value, options.defaultNamespace ?? 'default');
      violations.push(...checked.faults.map((fault) => place(fault, 'error', name)).sort(byPosition));
      continue;
    }
    const { document } = checked;
    if (file !== null) noteSource(document, file, item);
    const name = documentName(document);
    documents.push({ document, violation: (fault, severity) => place(fault, severity, name) });
  }
  return { documents, violations: bounded(violations, file) };
}

function bounded(violations: DocumentViolation[], file: string | null): readonly DocumentViolation[] {
  const more = violations.length - maxViolations;
  if (more <= 0) return violations;
  return [...violations.slice(0, maxViolations), textViolation(file, `and ${more} more faults`, null)];
}

/** YAML in flow style begins with "{" as well, so JSON is what the JSON parser takes. */
function isJson(text: string): boolean {
  if (!/^\s*\{/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false; // the YAML reader takes it, or says what is wrong with it and where
  }
}

/** `kind: List` and `kind: HTTPRouteList` stand for their items. */
function withoutLists(text: DocumentText): readonly DocumentText[] {
  const { kind, items } = Object(text.value) as { kind?: unknown; items?: unknown };
  if (typeof kind !== 'string' || !kind.endsWith('List') || !Array.isArray(items)) return [text];
  return items.map((value: unknown, index) => {
    const prefix: ValuePath = ['items', index];
    return {
      value,
      start: text.locate(prefix, 'value'),
      locate: (path, at) => text.locate([...prefix, ...path], at),
    };
  });
}

/** API groups of Kubernetes itself, whose documents say nothing about traffic inside the mesh. */
const foreignGroups = /^((apps|batch|autoscaling|policy)|[a-z.]+\.k8s\.io|[a-z.]+\.kubernetes\.io)\//;
/** Of the group of routes, what concerns gateways alone. */
const gatewayKinds: ReadonlySet<string> = new Set(['Gateway', 'GatewayClass', 'BackendTLSPolicy', 'ListenerSet']);
const foreignCoreKinds: ReadonlySet<string> = new Set([
  'ConfigMap',
  'Endpoints',
  'Event',
  'LimitRange',
  'Namespace',
  'Node',
  'PersistentVolume',
  'PersistentVolumeClaim',
  'Pod',
  'PodTemplate',
  'ReplicationController',
  'ResourceQuota',
  'Secret',
  'ServiceAccount',
]);

function foreignKind(value: unknown): string | null {
  const { apiVersion, kind } = Object(value) as { apiVersion?: unknown; kind?: unknown };
  if (typeof apiVersion !== 'string' || typeof kind !== 'string') return null;
  const isForeign = apiVersion.startsWith('gateway.networking.k8s.io/')
    ? gatewayKinds.has(kind)
    : foreignGroups.test(apiVersion) || (apiVersion === 'v1' && foreignCoreKinds.has(kind));
  return isForeign ? kind.slice(0, 64) : null;
}

function noteSource(document: ModelDocument, file: string, text: DocumentText): void {
  const { path, count } = rulesOf(document);
  const ruleLines = Array.from({ length: count }, (_, index) => text.locate([...path, index], 'value').line);
  document.metadata.annotations = {
    ...document.metadata.annotations,
    [sourceAnnotation]: formatSource({ file, line: text.start.line }, ruleLines),
  };
}

/** What answers name by its number and line. */
function rulesOf(document: ModelDocument): { readonly path: readonly string[]; readonly count: number } {
  if (document.kind === 'HTTPRoute' || document.kind === 'GRPCRoute') {
    return { path: ['spec', 'rules'], count: document.spec.rules.length };
  }
  if (document.kind !== 'BackendTrafficPolicy') return { path: [], count: 0 };
  const { local, global } = document.spec.rateLimit ?? {};
  const way = local === undefined ? 'global' : 'local';
  return { path: ['spec', 'rateLimit', way, 'rules'], count: (local ?? global)?.rules?.length ?? 0 };
}

function placedViolation(
  text: DocumentText,
  file: string | null,
  fault: Fault,
  severity: 'error' | 'warning',
  document: string | null,
): DocumentViolation {
  const { path, at, message, suggestion } = fault;
  const { line, column } = text.locate(path, at);
  return { severity, path: formatPath(path), message, suggestion, document, file, line, column };
}

function textViolation(file: string | null, message: string, position: TextPosition | null): DocumentViolation {
  const { line, column } = position ?? { line: null, column: null };
  return { severity: 'error', path: '', message, suggestion: null, document: null, file, line, column };
}

/** What a document calls itself, when that much can be read. */
function writtenName(value: unknown, defaultNamespace: string): string | null {
  const { kind, metadata } = Object(value) as { kind?: unknown; metadata?: unknown };
  const { name, namespace } = Object(metadata) as { name?: unknown; namespace?: unknown };
  const parts = [kind, namespace ?? defaultNamespace, name];
  return parts.every((part) => typeof part === 'string' && part.length <= 253) ? parts.join('/') : null;
}

function byPosition(a: DocumentViolation, b: DocumentViolation): number {
  return (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0);
}

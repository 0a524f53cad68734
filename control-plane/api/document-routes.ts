import type { Context } from 'hono';
import { Hono } from 'hono';
import type { DocumentViolation } from '../model/document-violation.ts';
import type { Kind, ModelDocument } from '../model/kinds.ts';
import { kindAt, namespaceOf } from '../model/kinds.ts';
import { labelNameSchema, subdomainSchema } from '../model/metadata.ts';
import { parseDocuments } from '../model/parse-documents.ts';
import type { DocumentLookup } from '../model/validate-document.ts';
import { validateDocument } from '../model/validate-document.ts';
import type { Store } from '../store/store.ts';
import type { Convergence } from '../xds/proxy-status.ts';
import type { DocumentRepository, Precondition } from './document-repository.ts';
import type { DocumentProblem, PortStatus } from './document-status.ts';
import { withStatus } from './document-status.ts';
import type { OpenStreams } from './open-streams.ts';
import { isDryRun, queryNumber } from './query.ts';
import type { RegistrySource } from './registered-workloads.ts';
import { readBody } from './request-body.ts';
import { ApiError, invalidDocument } from './status.ts';
import { watchDocuments } from './watch.ts';
import { watchResponse } from './watch-response.ts';

export interface DocumentRoutesOptions {
  readonly store: Store;
  readonly registry: RegistrySource;
  readonly repository: DocumentRepository;
  readonly lookup: DocumentLookup;
  readonly streams: OpenStreams;
  /** What documents in force ask for and cannot have. */
  problems(): readonly DocumentProblem[];
  /** What the ports of a Service carry; empty for one that is not in force. */
  servicePorts(namespace: string, name: string): readonly PortStatus[];
  /** How far a revision has come, without waiting. */
  convergence(revision: number): Promise<Convergence>;
}

/** Says what a write did: `created`, `replaced` or `unchanged`. */
export const changeHeader = 'heddle-change';

interface Target {
  readonly kind: Kind;
  /** `null` for a cluster-scoped kind, and for a list over all namespaces. */
  readonly namespace: string | null;
}

/**
 * Documents by kind, at the paths of the Kubernetes API:
 *
 *     /api/v1/namespaces/{namespace}/services/{name}
 *     /apis/{group}/{version}/namespaces/{namespace}/{plural}/{name}
 *     /apis/heddle.dev/v1alpha1/meshes/{name}                          cluster-scoped
 *
 * and the same without `namespaces/{namespace}` for lists over all namespaces.
 */
export function documentRoutes(options: DocumentRoutesOptions): Hono {
  const routes = new Hono();
  for (const base of ['/api/:version', '/apis/:group/:version']) {
    for (const scope of ['', '/namespaces/:namespace']) {
      const collection = `${base}${scope}/:plural`;
      routes.get(collection, (context) => readCollection(context, options));
      routes.post(collection, (context) => create(context, options));
      routes.all(collection, (context) => methodNotAllowed(targetOf(context), 'GET, POST'));
      routes.get(`${collection}/:name`, (context) => readOne(context, options));
      routes.put(`${collection}/:name`, (context) => put(context, options));
      routes.delete(`${collection}/:name`, (context) => remove(context, options));
      routes.all(`${collection}/:name`, (context) => methodNotAllowed(targetOf(context), 'GET, PUT, DELETE'));
    }
  }
  return routes;
}

/** @throws ApiError 404 for a path that no kind has */
function targetOf(context: Context): Target {
  const {
    group = '',
    version = '',
    plural = '',
    namespace,
  } = context.req.param() as Record<string, string | undefined>;
  const kind = kindAt(group, version, plural);
  if (kind === null || (!kind.namespaced && namespace !== undefined)) {
    throw new ApiError('NotFound', 'there is no such kind at this path');
  }
  if (namespace !== undefined && !labelNameSchema.safeParse(namespace).success) {
    throw new ApiError('BadRequest', 'a namespace has at most 63 lower-case letters, digits and "-"');
  }
  return { kind, namespace: namespace ?? null };
}

function nameOf(context: Context, { kind, namespace }: Target): string {
  const name = context.req.param('name') ?? '';
  if (!subdomainSchema.safeParse(name).success) {
    throw new ApiError('BadRequest', 'a name has at most 253 lower-case letters, digits, "-" and "."');
  }
  if (kind.namespaced && namespace === null) {
    throw new ApiError('NotFound', `a ${kind.kind} is in a namespace: /namespaces/{namespace}/${kind.plural}/${name}`);
  }
  return name;
}

async function readCollection(context: Context, options: DocumentRoutesOptions): Promise<Response> {
  const target = targetOf(context);
  for (const selector of ['labelSelector', 'fieldSelector']) {
    if (context.req.query(selector) !== undefined) {
      throw new ApiError('BadRequest', `${selector} is not supported: without it the list holds everything`);
    }
  }
  if (['true', '1'].includes(context.req.query('watch') ?? '')) return watch(context, target, options);
  const { kind, namespace } = target;
  const { revision, documents } = await options.repository.list(kind, namespace);
  const problems = options.problems();
  return context.json({
    apiVersion: kind.apiVersions[0],
    kind: `${kind.kind}List`,
    metadata: { resourceVersion: String(revision) },
    items: documents.map((document) => withStatus(document, problems, null, portsOf(document, options))),
  });
}

function watch(context: Context, { kind, namespace }: Target, options: DocumentRoutesOptions): Promise<Response> {
  const revision = queryNumber(context.req, 'resourceVersion', { min: 0, max: Number.MAX_SAFE_INTEGER, fallback: 0 });
  const seconds = queryNumber(context.req, 'timeoutSeconds', { min: 1, max: 86_400, fallback: 86_400 });
  const { signal, end } = options.streams.take(context.req.raw.signal);
  const timer = setTimeout(end, seconds * 1000);
  timer.unref();
  const fromRevision = revision === 0 ? null : revision;
  return watchResponse(watchDocuments({ ...options, kind, namespace, fromRevision, signal }), () => {
    clearTimeout(timer);
    end();
  });
}

async function readOne(context: Context, options: DocumentRoutesOptions): Promise<Response> {
  const target = targetOf(context);
  const document = await options.repository.get(target.kind, target.namespace, nameOf(context, target));
  const revision = document.metadata.resourceVersion;
  const convergence = revision === undefined ? null : await options.convergence(Number(revision));
  return context.json(withStatus(document, options.problems(), convergence, portsOf(document, options)));
}

function portsOf(document: ModelDocument, options: DocumentRoutesOptions): readonly PortStatus[] {
  const { namespace, name } = { namespace: '', ...document.metadata };
  return document.kind === 'Service' ? options.servicePorts(namespace, name) : [];
}

async function create(context: Context, options: DocumentRoutesOptions): Promise<Response> {
  const target = targetOf(context);
  if (target.kind.namespaced && target.namespace === null) return methodNotAllowed(target, 'GET');
  const document = await readDocument(context, target, options.lookup);
  const { document: created } = await options.repository.create(target.kind, document, {
    dryRun: isDryRun(context.req),
  });
  return context.json(created, 201, { [changeHeader]: 'created' });
}

async function put(context: Context, options: DocumentRoutesOptions): Promise<Response> {
  const target = targetOf(context);
  const name = nameOf(context, target);
  const document = await readDocument(context, target, options.lookup);
  if (document.metadata.name !== name) {
    throw new ApiError('BadRequest', `the document is called ${document.metadata.name}, the path says ${name}`);
  }
  const result = await options.repository.put(target.kind, document, { dryRun: isDryRun(context.req) });
  return context.json(result.document, result.change === 'created' ? 201 : 200, { [changeHeader]: result.change });
}

async function remove(context: Context, options: DocumentRoutesOptions): Promise<Response> {
  const target = targetOf(context);
  const name = nameOf(context, target);
  const { dryRun, precondition } = await readDeleteOptions(context);
  const { kind, namespace } = target;
  const { uid, revision } = await options.repository.delete(kind, namespace, name, { dryRun, precondition });
  return context.json({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: { resourceVersion: String(revision) },
    status: 'Success',
    code: 200,
    details: { group: kind.group, kind: kind.plural, name, uid },
  });
}

/**
 * The document in the body, checked; warnings go into `Warning` headers (code 299), as Kubernetes sends them.
 *
 * @throws ApiError 400 for what cannot be read or belongs to another path, 422 with every fault
 */
async function readDocument(context: Context, target: Target, lookup: DocumentLookup): Promise<ModelDocument> {
  const { text, format } = await readBody(context.req);
  const defaultNamespace = target.namespace ?? 'default';
  const { documents, violations } = parseDocuments(text, { format, maxDocuments: 1, defaultNamespace });
  const [parsed] = documents;
  if (violations.length > 0) throw isUnreadable(violations) ? unreadable(violations) : invalidDocument(violations);
  if (parsed === undefined) throw new ApiError('BadRequest', 'the body holds no document');
  const { document } = parsed;
  if (document.kind !== target.kind.kind) {
    throw new ApiError('BadRequest', `the document is a ${document.kind}, the path is for ${target.kind.kind}`);
  }
  if (namespaceOf(document) !== target.namespace) {
    const namespaces = `${namespaceOf(document)}, the path says ${target.namespace}`;
    throw new ApiError('BadRequest', `the namespace of the document is ${namespaces}`);
  }
  const found = validateDocument(document, lookup).map((finding) => parsed.violation(finding, finding.severity));
  const errors = found.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw invalidDocument(errors);
  for (const { path, message } of found.slice(0, maxWarnings)) {
    context.header('Warning', `299 - ${quoted(`${path}: ${message}`)}`, { append: true });
  }
  return document;
}

/** As a quoted string of ASCII: a header can hold nothing else. */
function quoted(text: string): string {
  return JSON.stringify(text).replaceAll(/[^ -~]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/** Warnings in one answer; clients bound the size of all headers together. */
const maxWarnings = 16;

/** Faults of the text itself, which name no field and no document. */
function isUnreadable(violations: readonly DocumentViolation[]): boolean {
  return violations.every(({ path, document }) => path === '' && document === null);
}

function unreadable([first]: readonly DocumentViolation[]): ApiError {
  const where = first === undefined || first.line === null ? '' : ` (line ${first.line}, column ${first.column})`;
  return new ApiError('BadRequest', `${first?.message}${where}`);
}

/** `DeleteOptions` of Kubernetes: of these, `dryRun` and `preconditions` are heeded, in a JSON body or in the query. */
async function readDeleteOptions(context: Context): Promise<{ dryRun: boolean; precondition: Precondition }> {
  const query = { dryRun: isDryRun(context.req), resourceVersion: context.req.query('resourceVersion') ?? null };
  const none = { dryRun: query.dryRun, precondition: { resourceVersion: query.resourceVersion, uid: null } };
  if (context.req.header('content-type') === undefined) return none;
  const { text } = await readBody(context.req);
  if (text === '') return none;
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (cause) {
    throw new ApiError('BadRequest', 'the options of a deletion are JSON', null, { cause });
  }
  const { dryRun, preconditions } = Object(body) as { dryRun?: unknown; preconditions?: unknown };
  const { resourceVersion, uid } = Object(preconditions) as { resourceVersion?: unknown; uid?: unknown };
  return {
    dryRun: query.dryRun || (Array.isArray(dryRun) && dryRun.includes('All')),
    precondition: {
      resourceVersion: typeof resourceVersion === 'string' ? resourceVersion : query.resourceVersion,
      uid: typeof uid === 'string' ? uid : null,
    },
  };
}

function methodNotAllowed(_: Target, allow: string): never {
  throw new ApiError('MethodNotAllowed', `this path takes ${allow}`);
}

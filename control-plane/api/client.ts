import type { Dispatcher } from 'undici';
import { Agent, request } from 'undici';
import type { Kind, ModelDocument } from '../model/kinds.ts';
import type { EventLine, MeshEvent } from '../telemetry/mesh-event.ts';
import type { Edge, ServiceStat } from '../telemetry/telemetry-source.ts';
import type { Convergence, ProxyStatus } from '../xds/proxy-status.ts';
import type { CallFailure } from './call-failure.ts';
import { refusal, stranger, unreachable } from './call-failure.ts';
import type { CertificateInfo } from './certificate-routes.ts';
import type { ChangeSummary, RecordedChange } from './document-changes.ts';
import type { DocumentChange } from './document-repository.ts';
import type { DescribedService } from './service-routes.ts';
import type { FailureReason, Status } from './status.ts';
import type { JoinTokenAnswer, JoinTokenRequest } from './token-routes.ts';
import type { WatchEvent } from './watch.ts';

export type { EventLine, EventRule, MeshEvent } from '../telemetry/mesh-event.ts';
export type { Edge, ServiceCircuit, ServiceStat, TcpMetrics } from '../telemetry/telemetry-source.ts';
export type { Convergence, ProxyStatus, RejectedResource, TypeStatus } from '../xds/proxy-status.ts';
export type { CertificateInfo } from './certificate-routes.ts';
export type { ChangeSummary, RecordedChange } from './document-changes.ts';
export type { DocumentChange } from './document-repository.ts';
export type { PortStatus } from './document-status.ts';
export type { FieldChange } from './field-changes.ts';
export type { DescribedService } from './service-routes.ts';
export type { Status, StatusCause } from './status.ts';
export type { JoinTokenAnswer, JoinTokenRequest } from './token-routes.ts';
export type { WatchEvent } from './watch.ts';

export interface ApiClientOptions {
  /** Base URL, e.g. `http://127.0.0.1:15080`. */
  readonly api: string;
  /** Admin token; `null` sends none, and the API answers 401. */
  readonly token: string | null;
  /** For a connection and for the beginning of an answer. Default 10 s. */
  readonly timeoutMs?: number;
}

export interface WriteOptions {
  /** Check everything, change nothing. */
  readonly dryRun?: boolean;
}

/** A document as the API has it after a write, or would have it. */
export interface Written {
  readonly document: ModelDocument;
  readonly change: DocumentChange;
  readonly warnings: readonly DocumentWarning[];
}

/** Something a document asks for and cannot have now, e.g. a backend that does not exist. */
export interface DocumentWarning {
  /** `spec.rules[0].backendRefs[1]` */
  readonly field: string;
  readonly message: string;
}

/** A call that did not get what it asked for. */
export class ApiCallError extends Error implements CallFailure {
  override readonly name = 'ApiCallError';
  readonly hint: string;
  readonly status: Status | null;

  constructor({ message, hint, status }: CallFailure, options?: ErrorOptions) {
    super(message, options);
    this.hint = hint;
    this.status = status;
  }

  /** Why the API said no, for programs; `null` when nothing of this API answered. */
  get reason(): FailureReason | null {
    return this.status?.reason ?? null;
  }
}

/** Which events; all of them where nothing is said. */
export interface WantedEvents {
  readonly sinceSeconds?: number;
  /** As destination or as caller. */
  readonly service?: string;
  readonly namespace?: string;
  /** Id of the last one that is known. */
  readonly after?: number;
}

interface CallOptions {
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
  /** Beyond the client's own time-out, for a call that waits on purpose. */
  readonly extraMs?: number;
}

/** Longest answer that is read: a list of some ten thousand documents. */
const maxAnswerBytes = 64 * 1024 * 1024;

/**
 * The REST API for programs: the CLI, and tests.
 *
 * Every method rejects with an {@link ApiCallError} that says what happened and what to try. Proxies named in the
 * environment are not used, so that a token only ever goes where the caller said.
 */
export class ApiClient {
  /** Base URL, without a slash at the end. */
  readonly api: string;
  readonly #token: string | null;
  readonly #timeoutMs: number;
  readonly #dispatcher: Agent;

  constructor({ api, token, timeoutMs = 10_000 }: ApiClientOptions) {
    this.api = api.replace(/\/+$/, '');
    this.#token = token;
    this.#timeoutMs = timeoutMs;
    this.#dispatcher = new Agent({ connect: { timeout: timeoutMs } });
  }

  /** All documents of a kind in a namespace, or in all of them with `null`. Of a cluster-scoped kind there is but one list. */
  async list(kind: Kind, namespace: string | null): Promise<{ resourceVersion: string; items: ModelDocument[] }> {
    const { body } = await this.#call('GET', collectionPath(kind, namespace));
    const { metadata, items } = body as { metadata: { resourceVersion: string }; items: ModelDocument[] };
    return { resourceVersion: metadata.resourceVersion, items };
  }

  async get(kind: Kind, namespace: string | null, name: string): Promise<ModelDocument> {
    return (await this.#call('GET', documentPath(kind, namespace, name))).body as ModelDocument;
  }

  /** Creates or replaces, without regard to what is there. */
  apply(kind: Kind, document: ModelDocument, options: WriteOptions = {}): Promise<Written> {
    const { resourceVersion: _, ...metadata } = document.metadata;
    return this.put(kind, { ...document, metadata } as ModelDocument, options);
  }

  /** Creates or replaces; with a `resourceVersion`, only what is at that version. */
  async put(kind: Kind, document: ModelDocument, options: WriteOptions = {}): Promise<Written> {
    const namespace = await namespaceIn(document);
    return this.#write('PUT', documentPath(kind, namespace, document.metadata.name), document, options);
  }

  async create(kind: Kind, document: ModelDocument, options: WriteOptions = {}): Promise<Written> {
    return this.#write('POST', collectionPath(kind, await namespaceIn(document)), document, options);
  }

  /** The revision of the deletion, for {@link convergence}. With a `resourceVersion`, only what is at that version. */
  async delete(
    kind: Kind,
    namespace: string | null,
    name: string,
    { dryRun = false, resourceVersion }: WriteOptions & { readonly resourceVersion?: string } = {},
  ): Promise<{ resourceVersion: string }> {
    const query = new URLSearchParams({
      ...(dryRun && { dryRun: 'All' }),
      ...(resourceVersion !== undefined && { resourceVersion }),
    });
    const path = `${documentPath(kind, namespace, name)}?${query}`;
    const { metadata } = (await this.#call('DELETE', path)).body as Status;
    return { resourceVersion: metadata.resourceVersion ?? '0' };
  }

  /**
   * Changes as they happen, until the signal aborts or the loop is left; with `resourceVersion` those after it, else
   * first all there is. Ends with an error when the history is gone (`Expired`) or the control plane goes away.
   */
  async *watch(
    kind: Kind,
    namespace: string | null,
    { resourceVersion = '0', signal }: { resourceVersion?: string; signal?: AbortSignal } = {},
  ): AsyncGenerator<WatchEvent, void, undefined> {
    const path = `${collectionPath(kind, namespace)}?watch=true&resourceVersion=${encodeURIComponent(resourceVersion)}`;
    yield* this.#lines<WatchEvent>(path, signal);
  }

  async proxies(): Promise<readonly ProxyStatus[]> {
    return itemsOf((await this.#call('GET', '/heddle/v1/proxies')).body);
  }

  async stat(windowSeconds: number, by: 'service' | 'version' = 'service'): Promise<readonly ServiceStat[]> {
    return itemsOf((await this.#call('GET', `/heddle/v1/stat?window=${windowSeconds}&by=${by}`)).body);
  }

  async edges(windowSeconds: number): Promise<readonly Edge[]> {
    return itemsOf((await this.#call('GET', `/heddle/v1/edges?window=${windowSeconds}`)).body);
  }

  /** All that decides about calls to a service from a namespace. */
  async service(namespace: string, name: string, from: string = namespace): Promise<DescribedService> {
    const path = [namespace, name].map(encodeURIComponent).join('/');
    const { body } = await this.#call('GET', `/heddle/v1/services/${path}?from=${encodeURIComponent(from)}`);
    return body as DescribedService;
  }

  /** The newest changes of documents, the newest first. */
  async changes(limit: number): Promise<readonly ChangeSummary[]> {
    return itemsOf((await this.#call('GET', `/heddle/v1/changes?limit=${limit}`)).body);
  }

  /** One change with what it put in the place of what. */
  async change(revision: number): Promise<RecordedChange> {
    return (await this.#call('GET', `/heddle/v1/changes/${revision}`)).body as RecordedChange;
  }

  /** What has changed in how traffic is treated, oldest first. */
  async events(wanted: WantedEvents = {}): Promise<readonly MeshEvent[]> {
    return itemsOf((await this.#call('GET', eventsPath(wanted))).body);
  }

  /** The same, and then each as it comes, until the signal aborts or the loop is left. */
  followEvents(wanted: WantedEvents = {}, signal?: AbortSignal): AsyncGenerator<EventLine, void, undefined> {
    return this.#lines<EventLine>(`${eventsPath(wanted)}&watch=true`, signal);
  }

  async certificates(): Promise<readonly CertificateInfo[]> {
    return itemsOf((await this.#call('GET', '/heddle/v1/certificates')).body);
  }

  async token(body: JoinTokenRequest): Promise<JoinTokenAnswer> {
    return (await this.#call('POST', '/heddle/v1/tokens', { body })).body as JoinTokenAnswer;
  }

  /** How far a revision has come; waits up to `timeoutMs` (at most 5 minutes) for every sidecar concerned. */
  async convergence(revision: string, timeoutMs: number, signal?: AbortSignal): Promise<Convergence> {
    const path = `/heddle/v1/convergence?revision=${encodeURIComponent(revision)}&timeoutMs=${Math.round(timeoutMs)}`;
    return (await this.#call('GET', path, { signal, extraMs: timeoutMs })).body as Convergence;
  }

  async close(): Promise<void> {
    await this.#dispatcher.destroy();
  }

  async *#lines<Event extends { readonly type: string }>(
    path: string,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Event, void, undefined> {
    let response: Dispatcher.ResponseData | null = null;
    let rest = '';
    try {
      response = await this.#send('GET', path, { signal });
      for await (const chunk of response.body.setEncoding('utf8')) {
        const lines = `${rest}${chunk}`.split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) {
          const event = JSON.parse(line) as Event | Extract<WatchEvent, { type: 'ERROR' }>;
          if (isError(event)) throw new ApiCallError(refusal(event.object));
          yield event;
        }
      }
    } catch (error) {
      if (signal?.aborted === true) return;
      throw error instanceof ApiCallError ? error : this.#unreachable(error);
    } finally {
      response?.body.destroy();
    }
  }

  async #write(
    method: 'PUT' | 'POST',
    path: string,
    document: ModelDocument,
    { dryRun = false }: WriteOptions,
  ): Promise<Written> {
    const { body, headers } = await this.#call(method, `${path}${dryRun ? '?dryRun=All' : ''}`, { body: document });
    const change = headers['heddle-change'] as DocumentChange; // the server sends it with every write
    return { document: body as ModelDocument, change, warnings: warningsIn(headers.warning) };
  }

  async #call(method: Dispatcher.HttpMethod, path: string, options: CallOptions = {}) {
    const { body, headers } = await this.#send(method, path, options);
    try {
      return { body: await readJson(body), headers };
    } catch (error) {
      throw this.#unreachable(error);
    }
  }

  /** The beginning of an answer that is good. @throws ApiCallError for any other */
  async #send(method: Dispatcher.HttpMethod, path: string, { body, signal, extraMs = 0 }: CallOptions) {
    const headers: Record<string, string> = { accept: 'application/json' };
    if (this.#token !== null) headers.authorization = `Bearer ${this.#token}`;
    if (body !== undefined) headers['content-type'] = 'application/json';
    let response: Dispatcher.ResponseData;
    try {
      response = await request(`${this.api}${path}`, {
        method,
        headers,
        body: body === undefined ? null : JSON.stringify(body),
        signal: signal ?? null,
        dispatcher: this.#dispatcher,
        headersTimeout: this.#timeoutMs + extraMs,
        // a watch is silent for as long as nothing changes
        bodyTimeout: 0,
      });
    } catch (error) {
      throw this.#unreachable(error);
    }
    if (response.statusCode < 300) return response;
    throw await this.#failure(response);
  }

  async #failure({ statusCode, body }: Dispatcher.ResponseData): Promise<ApiCallError> {
    try {
      const status = (await readJson(body)) as Status;
      if (status.kind === 'Status') return new ApiCallError(refusal(status));
    } catch {
      // not JSON, so not from this API: told below
    }
    return new ApiCallError(stranger(this.api, statusCode));
  }

  #unreachable(cause: unknown): ApiCallError {
    return new ApiCallError(unreachable(this.api, cause), { cause });
  }
}

/** The kinds bring all schemas along, which take longer to load than most commands of the CLI take otherwise. */
async function namespaceIn(document: ModelDocument): Promise<string | null> {
  const { namespaceOf } = await import('../model/kinds.ts');
  return namespaceOf(document);
}

function collectionPath(kind: Kind, namespace: string | null): string {
  const group = kind.group === '' ? '/api' : `/apis/${kind.group}`;
  const scope = namespace === null || !kind.namespaced ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
  return `${group}/${kind.version}${scope}/${kind.plural}`;
}

function documentPath(kind: Kind, namespace: string | null, name: string): string {
  return `${collectionPath(kind, namespace)}/${encodeURIComponent(name)}`;
}

function isError(event: { readonly type: string }): event is Extract<WatchEvent, { type: 'ERROR' }> {
  return event.type === 'ERROR';
}

function eventsPath({ sinceSeconds, service, namespace, after }: WantedEvents): string {
  const query = new URLSearchParams();
  if (sinceSeconds !== undefined) query.set('since', String(Math.round(sinceSeconds)));
  if (service !== undefined) query.set('service', service);
  if (namespace !== undefined) query.set('namespace', namespace);
  if (after !== undefined) query.set('after', String(after));
  return `/heddle/v1/events?${query}`;
}

function itemsOf<T>(body: unknown): readonly T[] {
  return (body as { items: readonly T[] }).items;
}

async function readJson(body: AsyncIterable<Buffer>): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > maxAnswerBytes) throw new Error(`the answer is longer than ${maxAnswerBytes} bytes`);
    chunks.push(chunk);
  }
  return JSON.parse(Buffer.concat(chunks).toString('utf8'));
}

/** The texts of `Warning: 299 - "text"` headers, of which one line may hold several (RFC 7234 section 5.5). */
function warningsIn(header: string | string[] | undefined): readonly DocumentWarning[] {
  const quoted = [header ?? []].flat().flatMap((line) => line.match(/"(?:[^"\\]|\\.)*"/g) ?? []);
  return quoted.map((text) => {
    const [, field = '', message = ''] = /^(?:([^ ]*): )?(.*)$/s.exec(String(JSON.parse(text))) ?? [];
    return { field, message };
  });
}

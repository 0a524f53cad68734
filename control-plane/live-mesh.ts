import type { Violation } from '../proto/violation.ts';
import type { Log } from './log.ts';
import type { DocumentOf, KindName, ModelDocument } from './model/kinds.ts';
import { allKinds, documentName, namespaceOf } from './model/kinds.ts';
import type { DocumentPlace } from './model/policy-source.ts';
import { policySource } from './model/policy-source.ts';
import type { ServiceDescription } from './model/service-description.ts';
import { fromStored } from './model/stored-document.ts';
import type { DocumentLookup } from './model/validate-document.ts';
import { workloadService } from './model/workload.ts';
import type { Registry } from './registry/registry.ts';
import type { Change, Entry, Store } from './store/store.ts';
import { CompactedError } from './store/store.ts';
import { nextEndMs } from './translate/filters/faults.ts';
import type { Problem } from './translate/problems/problem.ts';
import type { PortSummary } from './translate/services/port-protocol.ts';
import type { Snapshot } from './translate/snapshot.ts';
import { translate } from './translate/snapshot.ts';
import type { Documents, MeshView } from './translate/view/mesh-view.ts';
import { Debounce } from './xds/debounce.ts';

export interface LiveMeshOptions {
  readonly store: Store;
  readonly registry: Registry;
  readonly trustDomain: string;
  readonly trustBundlePem: string;
  /** Gets each new snapshot. */
  readonly publish: (
    snapshot: Snapshot,
    from: { readonly registryRevision: number; readonly changedAtMs: number },
  ) => void;
  readonly log: Log;
  readonly now?: () => number;
}

/** What a timer takes; after it there is another look. */
const longestTimerMs = 2 ** 31 - 1;

/** Wait after the store could not be read or watched. */
const retryMs = 1000;

/**
 * The documents in the store and what the registry knows, translated anew after each change of either.
 *
 * Changes that come together become one snapshot. A document that cannot be read, or a translation that fails, leaves
 * the last snapshot in force and is logged.
 */
export class LiveMesh implements DocumentLookup {
  readonly trustDomain: string;
  readonly #options: LiveMeshOptions;
  readonly #now: () => number;
  readonly #documents = new Map<string, ModelDocument>();
  readonly #closing = new AbortController();
  readonly #debounce: Debounce;
  #stopListening: () => void = () => {};
  #ending: NodeJS.Timeout | undefined = undefined;
  #following: Promise<void> = Promise.resolve();
  #revision = 0;
  #snapshot: Snapshot | null = null;

  private constructor(options: LiveMeshOptions) {
    this.#options = options;
    this.trustDomain = options.trustDomain;
    this.#now = options.now ?? Date.now;
    this.#debounce = new Debounce((changedAtMs) => this.#translate(changedAtMs), { now: this.#now });
  }

  /** Reads everything there is and publishes the first snapshot before it fulfils. @throws what the store throws */
  static async start(options: LiveMeshOptions): Promise<LiveMesh> {
    const mesh = new LiveMesh(options);
    await mesh.#load();
    mesh.#translate(mesh.#now());
    mesh.#following = mesh.#follow();
    mesh.#stopListening = options.registry.onChange(() => mesh.#debounce.call());
    return mesh;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#debounce.close();
    clearTimeout(this.#ending);
    this.#stopListening();
    await this.#following;
  }

  /** What documents in force ask for and cannot have. */
  problems(): readonly Problem[];
  /** The same for one document, as if it were applied now. */
  problems(document: ModelDocument): readonly Violation[];
  problems(document?: ModelDocument): readonly Problem[] | readonly Violation[] {
    if (document === undefined) {
      return this.#snapshot?.problems() ?? [];
    }
    const name = documentName(document);
    const { kind, metadata } = document;
    const isOther = (one: ModelDocument) =>
      one.metadata.name !== metadata.name || one.kind !== kind || documentName(one) !== name;
    const all = [...this.#documents.values()];
    return translate(
      this.#view([
        ...all.filter(isOther),
        this.#aged(
          document,
          all.find((one) => !isOther(one)),
        ),
      ]),
    )
      .problems()
      .filter((problem) => problem.document === name);
  }

  /** With its age: who was there first decides, and a document that is applied again was. */
  #aged(document: ModelDocument, present: ModelDocument | undefined): ModelDocument {
    const creationTimestamp = present?.metadata.creationTimestamp ?? new Date(this.#now()).toISOString();
    return { ...document, metadata: { ...document.metadata, creationTimestamp } } as ModelDocument; // of the same kind
  }

  /** What the ports of a service carry; empty for one that there is not. */
  servicePorts(namespace: string, name: string): readonly PortSummary[] {
    return this.#snapshot?.servicePorts(namespace, name) ?? [];
  }

  /** What decides about calls to the service from a namespace; null when there is no such service. */
  describe(namespace: string, name: string, callerNamespace: string): ServiceDescription | null {
    return this.#snapshot?.describe(namespace, name, callerNamespace) ?? null;
  }

  /** The document that says in this section how a service is called; null where the built-in defaults hold. */
  policySource(...asked: DropFirst<Parameters<typeof policySource>>): DocumentPlace | null {
    return policySource([...this.#documents.values()], ...asked);
  }

  /** Services that are declared or that workloads imply or implied until lately, and their versions as `service-version`. */
  serviceNames(namespace: string): readonly string[] {
    const names = new Set<string>();
    const add = (service: string | null, version: string | undefined): void => {
      if (service !== null) {
        names.add(service);
        if (version !== undefined) {
          names.add(`${service}-${version}`);
        }
      }
    };
    for (const document of this.#documents.values()) {
      if (namespaceOf(document) === namespace && document.kind === 'Service') {
        names.add(document.metadata.name);
      } else if (namespaceOf(document) === namespace && document.kind === 'Workload') {
        add(workloadService(document), document.metadata.labels?.version);
      }
    }
    const { workloads, remembered } = this.#options.registry.view();
    for (const member of [...workloads, ...remembered]) {
      if (member.namespace === namespace) {
        add(member.service, member.labels.version);
      }
    }
    return [...names].sort();
  }

  async #load(): Promise<void> {
    const { revision, entries } = await this.#options.store.list('');
    this.#documents.clear();
    for (const entry of entries) {
      this.#read(entry);
    }
    this.#revision = revision;
  }

  /** Watches until closed. Never rejects. */
  async #follow(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        for await (const change of this.#options.store.watch({ prefix: '', fromRevision: this.#revision, signal })) {
          this.#apply(change);
        }
        return; // aborted, or the store is closed
      } catch (error) {
        if (!(error instanceof CompactedError)) {
          this.#options.log('error', 'the store cannot be watched, trying again', { reason: messageOf(error) });
          await new Promise((resolve) => setTimeout(resolve, retryMs));
        }
        await this.#load().catch((reason: unknown) => {
          this.#options.log('error', 'the store cannot be read', { reason: messageOf(reason) });
        });
        this.#debounce.call();
      }
    }
  }

  #apply(change: Change): void {
    this.#revision = change.revision;
    if (change.type === 'put') {
      this.#read(change.entry);
    } else {
      this.#documents.delete(change.key);
    }
    this.#debounce.call();
  }

  /** Documents have keys that begin with a slash; the control plane keeps other things beside them. */
  #read({ key, value, modRevision }: Entry): void {
    if (!key.startsWith('/')) {
      return;
    }
    try {
      this.#documents.set(key, fromStored(value, modRevision));
    } catch (error) {
      this.#options.log('error', 'a stored document is left out', { key, reason: messageOf(error) });
      this.#documents.delete(key);
    }
  }

  #translate(changedAtMs: number): void {
    const registryRevision = this.#options.registry.view().revision;
    try {
      const view = this.#view([...this.#documents.values()]);
      this.#awaitEnd(view);
      const snapshot = translate(view, this.#snapshot);
      this.#snapshot = snapshot;
      this.#options.publish(snapshot, { registryRevision, changedAtMs });
    } catch (error) {
      const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.#options.log('error', 'the mesh cannot be translated, the last snapshot stays', { reason });
    }
  }

  /** A fault that ends is a change that nobody makes. */
  #awaitEnd({ documents, nowMs }: MeshView): void {
    clearTimeout(this.#ending);
    const endMs = nextEndMs(documents.FaultInjection, nowMs);
    if (endMs === null) return;
    this.#ending = setTimeout(() => this.#debounce.call(), Math.min(endMs - nowMs, longestTimerMs)).unref();
  }

  #view(documents: readonly ModelDocument[]): MeshView {
    const byKind = Object.fromEntries(allKinds.map(({ kind }) => [kind, [] as ModelDocument[]]));
    for (const document of documents) byKind[document.kind]?.push(document);
    const { workloads, remembered } = this.#options.registry.view();
    return Object.freeze({
      revision: this.#revision,
      documents: byKind as { [Kind in KindName]: DocumentOf<Kind>[] } satisfies Documents, // a row for each kind, with its own
      workloads,
      remembered,
      trustDomain: this.#options.trustDomain,
      trustBundlePem: this.#options.trustBundlePem,
      nowMs: this.#now(),
    });
  }
}

type DropFirst<T extends readonly unknown[]> = T extends readonly [unknown, ...infer Rest] ? Rest : never;

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

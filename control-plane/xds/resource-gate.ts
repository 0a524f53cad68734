import { STOCK } from '../../proto/features.ts';
import type { ResourceTypeUrl } from '../../proto/type-urls.ts';
import { validateResource } from '../../proto/validate/resource.ts';

/** Who a resource is for. */
export interface ClientView {
  /** `namespace/name` of the workload. */
  readonly workload: string;
  readonly namespace: string;
  readonly serviceAccount?: string;
  readonly features: ReadonlySet<string>;
  /** Where it takes its application's calls, when it is not our sidecar. */
  readonly outboundPort?: number;
}

/** A resource as it goes over the wire; one object for all who get it. */
export interface SnapshotResource {
  readonly name: string;
  readonly typeUrl: ResourceTypeUrl;
  /** Hash of the bytes. */
  readonly version: string;
  /** The message that the `Any` holds. */
  readonly bytes: Buffer;
}

/** What xDS needs of `translate/snapshot.ts`. */
export interface ResourceSource {
  /** Of the store. */
  readonly revision: number;
  resource(client: ClientView, typeUrl: ResourceTypeUrl, name: string): SnapshotResource | null;
  names(client: ClientView, typeUrl: ResourceTypeUrl): readonly string[];
  /** What documents ask for and a stock Envoy cannot have; absent for nothing. */
  stockGaps?(): readonly StockGap[];
}

export interface StockGap {
  readonly document: string;
  readonly path: string;
  readonly message: string;
}

export interface GatedResource {
  /** What may be sent; `null` when there is nothing of this name, or nothing good. */
  readonly resource: SnapshotResource | null;
  /** Why the newest one is held back; `resource` is then the last good one, if any client had one. */
  readonly fault: string | null;
}

/** A resource was held back; told once for each version. */
export type OnFault = (resource: { typeUrl: ResourceTypeUrl; name: string; version: string }, fault: string) => void;

/** The result of validation for each object; equal resources of later snapshots are the same object. */
const verdicts = new WeakMap<SnapshotResource, { readonly fault: string | null }>();

/** Faults quoted for one resource; the rest are counted. */
const maxFaultsQuoted = 5;

/**
 * A snapshot that lets through only what a sidecar would accept: each resource is validated, by the very code that the
 * sidecar runs, before it is sent the first time. In place of an invalid one, or one that cannot be made, stands the last
 * good one: no document can end the process or take from a sidecar what it has. An Envoy is served as it is: it refuses by
 * itself, resource by resource, and has filters that our sidecar would refuse.
 *
 * A gate remembers the good resources that were asked for while it was in use and hands them to the next gate, once: what
 * nobody asked for between two snapshots is forgotten.
 */
export class ResourceGate {
  readonly revision: number;
  readonly #source: ResourceSource;
  readonly #onFault: OnFault;
  readonly #good = new Map<string, SnapshotResource>();
  /** What could not be made, so that each is told once. */
  readonly #failed = new Set<string>();
  #goodBefore: ReadonlyMap<string, SnapshotResource>;

  constructor(source: ResourceSource, previous: ResourceGate | null, onFault: OnFault) {
    this.revision = source.revision;
    this.#source = source;
    this.#onFault = onFault;
    this.#goodBefore = previous?.retire() ?? new Map();
  }

  find(client: ClientView, typeUrl: ResourceTypeUrl, name: string): GatedResource {
    // Inbound resources differ from workload to workload and routes from namespace to namespace; the workload tells both.
    const key = `${client.workload} ${typeUrl} ${name}`;
    let resource: SnapshotResource | null;
    let fault: string | null;
    try {
      resource = this.#source.resource(client, typeUrl, name);
      if (resource === null) {
        return { resource: null, fault: null };
      }
      fault = client.features.has(STOCK) ? null : this.#faultOf(resource);
    } catch (error) {
      resource = null;
      fault = `cannot be translated: ${error instanceof Error ? error.message : String(error)}`;
      if (!this.#failed.has(`${typeUrl} ${name}`)) {
        this.#failed.add(`${typeUrl} ${name}`);
        this.#onFault({ typeUrl, name, version: '' }, fault);
      }
    }
    const good = fault === null ? resource : (this.#good.get(key) ?? this.#goodBefore.get(key) ?? null);
    if (good !== null) {
      this.#good.set(key, good);
    }
    return { resource: good, fault };
  }

  names(client: ClientView, typeUrl: ResourceTypeUrl): readonly string[] {
    return this.#source.names(client, typeUrl);
  }

  stockGaps(): readonly StockGap[] {
    return this.#source.stockGaps?.() ?? [];
  }

  /** For the next gate: what was good here. Lets go of what came before. */
  retire(): ReadonlyMap<string, SnapshotResource> {
    this.#goodBefore = new Map();
    return this.#good;
  }

  #faultOf(resource: SnapshotResource): string | null {
    let verdict = verdicts.get(resource);
    if (verdict === undefined) {
      const { violations } = validateResource(resource.typeUrl, resource.name, resource.bytes);
      const quoted = violations.slice(0, maxFaultsQuoted).map(({ path, message }) => `${path || 'it'} ${message}`);
      const more = violations.length - quoted.length;
      const fault = violations.length === 0 ? null : quoted.join('; ') + (more > 0 ? `; and ${more} more` : '');
      verdict = { fault };
      verdicts.set(resource, verdict);
      if (fault !== null) {
        this.#onFault(resource, fault);
      }
    }
    return verdict.fault;
  }
}

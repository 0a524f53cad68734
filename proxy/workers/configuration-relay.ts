import {
  CLUSTER_LOAD_ASSIGNMENT_TYPE_URL,
  CLUSTER_TYPE_URL,
  LISTENER_TYPE_URL,
  ROUTE_CONFIGURATION_TYPE_URL,
} from '../../proto/type-urls.ts';
import type { ConfigurationTarget } from '../xds/apply.ts';
import type { ResourceName } from '../xds/delta-state.ts';
import type { ParsedResource } from '../xds/parse-resource.ts';
import type { FromWorker, ToWorker } from './messages.ts';

/** What the relay needs of the workers. */
export interface RelayOptions {
  /** To all that run. */
  broadcast(message: ToWorker): void;
  /** Sequence number up to which all that run have carried everything out; -1 when none runs. */
  appliedByAll(): number;
  /** The first worker asks for it, or the last one lets go of it. */
  want(name: ResourceName): void;
  release(name: ResourceName): void;
  readonly concurrency: number;
  /** A cluster is no more. */
  onForgotten(cluster: string): void;
}

type ConfigurationMessage = Extract<ToWorker, { readonly kind: 'put' | 'absent' }>;

/** Who waits for the workers, and for what; `told` is null where nothing was put. */
interface Pending {
  readonly sequence: number;
  readonly told: ConfigurationMessage | null;
  readonly callback: (refusal: string | null) => void;
  refusal: string | null;
}

/** What is needed stands before what needs it. */
const typeOrder = [CLUSTER_LOAD_ASSIGNMENT_TYPE_URL, CLUSTER_TYPE_URL, ROUTE_CONFIGURATION_TYPE_URL, LISTENER_TYPE_URL];

/**
 * Tells all workers what to put in force, in the order that `Configuration` has decided on, and knows when all of them
 * have it: only then is it reported as in force. Resources travel as the bytes that were validated here; each worker
 * compiles them with the code that compiled them here.
 *
 * What is asked for on demand is the union of what the workers ask for.
 */
export class ConfigurationRelay implements ConfigurationTarget {
  readonly #options: RelayOptions;
  /** All that is in force or known to be absent, for workers that start later. */
  readonly #state = new Map<string, ConfigurationMessage>();
  /** Workers by what they have asked for. */
  readonly #holders = new Map<string, { readonly name: ResourceName; readonly workers: Set<number> }>();
  readonly #pending: Pending[] = [];
  /** What was told last. */
  #told: ConfigurationMessage | null = null;
  #sequence = 0;

  constructor(options: RelayOptions) {
    this.#options = options;
  }

  put({ typeUrl, name, version, bytes }: ParsedResource): void {
    this.#tell({ kind: 'put', sequence: ++this.#sequence, typeUrl, name, version, bytes });
  }

  absent({ typeUrl, name }: ResourceName): void {
    this.#tell({ kind: 'absent', sequence: ++this.#sequence, typeUrl, name });
  }

  forget({ typeUrl, name }: ResourceName): void {
    this.#told = null;
    this.#state.delete(keyOf(typeUrl, name));
    if (typeUrl === CLUSTER_TYPE_URL) this.#options.onForgotten(name);
    this.#options.broadcast({ kind: 'forget', sequence: ++this.#sequence, typeUrl, name });
  }

  remember(name: ResourceName): void {
    for (let index = 0; index < this.#options.concurrency; index++) this.hold(index, name);
    this.#options.broadcast({ kind: 'remember', name });
  }

  whenInForce(callback: (refusal: string | null) => void): void {
    this.#pending.push({ sequence: this.#sequence, told: this.#told, callback, refusal: null });
    this.settle();
  }

  /** A worker cannot take what the others may have; the first one that says so is believed. */
  refuse({ typeUrl, name, version, reason }: Extract<FromWorker, { readonly kind: 'refused' }>): void {
    for (const pending of this.#pending) {
      const { told } = pending;
      if (told?.kind !== 'put' || told.typeUrl !== typeUrl || told.name !== name || told.version !== version) continue;
      pending.refusal ??= reason;
    }
  }

  /** Workers have carried more out, or one of them is gone. */
  settle(): void {
    const applied = this.#options.appliedByAll();
    for (let next = this.#pending[0]; next !== undefined && next.sequence <= applied; next = this.#pending[0]) {
      this.#pending.shift();
      next.callback(next.refusal);
    }
  }

  /** A worker uses this from now on. Answers what is known of it, if anything. */
  hold(worker: number, { typeUrl, name }: ResourceName): ConfigurationMessage | null {
    const key = keyOf(typeUrl, name);
    const holders = this.#holders.get(key);
    if (holders === undefined) {
      this.#holders.set(key, { name: { typeUrl, name }, workers: new Set([worker]) });
      this.#options.want({ typeUrl, name });
    } else {
      holders.workers.add(worker);
    }
    const known = this.#state.get(key);
    return known === undefined ? null : { ...known, sequence: this.#sequence };
  }

  letGo(worker: number, { typeUrl, name }: ResourceName): void {
    const key = keyOf(typeUrl, name);
    const holders = this.#holders.get(key);
    if (!holders?.workers.delete(worker) || holders.workers.size > 0) return;
    this.#holders.delete(key);
    this.#options.release({ typeUrl, name });
  }

  /** What this worker, or the one before it, has asked for. */
  heldBy(worker: number): ResourceName[] {
    return [...this.#holders.values()].filter(({ workers }) => workers.has(worker)).map(({ name }) => name);
  }

  /** All that a new worker must be told to be where the others are; the last is to be answered. */
  *everything(): Iterable<ToWorker> {
    for (const typeUrl of typeOrder) {
      for (const message of this.#state.values()) {
        if (message.typeUrl === typeUrl) yield { ...message, sequence: this.#sequence };
      }
    }
    yield { kind: 'barrier', sequence: this.#sequence };
  }

  #tell(message: ConfigurationMessage): void {
    this.#told = message;
    this.#state.set(keyOf(message.typeUrl, message.name), message);
    this.#options.broadcast(message);
  }
}

function keyOf(typeUrl: string, name: string): string {
  return `${typeUrl} ${name}`;
}

import type { Node } from '../../proto/generated/envoy/config/core/v3/Node.ts';
import { parseClusterName, ROOT_SECRET, VIRTUAL_OUTBOUND } from '../../proto/names.ts';
import { LISTENER_TYPE_URL, ROUTE_CONFIGURATION_TYPE_URL, SECRET_TYPE_URL } from '../../proto/type-urls.ts';
import type { Clock } from '../clock.ts';
import { systemClock } from '../clock.ts';
import type { Log } from '../log.ts';
import { AdsClient } from './ads-client.ts';
import type { ConfigurationTarget } from './apply.ts';
import { Configuration } from './apply.ts';
import type { ControlPlaneSession } from './control-plane-channel.ts';
import { ControlPlaneChannel } from './control-plane-channel.ts';
import type { ResourceName } from './delta-state.ts';
import type { Identity } from './identity.ts';
import type { IdentityStatus } from './identity-client.ts';
import { IdentityClient } from './identity-client.ts';
import type { JoinToken } from './join-token.ts';
import type { ParsedResource } from './parse-resource.ts';
import { parseResource } from './parse-resource.ts';
import { SnapshotFile } from './snapshot-file.ts';
import type { StateDirectory } from './state-directory.ts';
import type { LeaseState, Registration } from './workload-client.ts';
import { WorkloadClient } from './workload-client.ts';

export interface ControlPlaneClientOptions {
  readonly directory: StateDirectory;
  /** Null where a stored certificate has to do. */
  readonly token: JoinToken | null;
  readonly namespace: string;
  readonly service: string;
  readonly node: Node;
  /** What runs here; read anew for each registration. */
  readonly registration: () => Registration;
  /** Names of the listeners to ask for. */
  readonly listeners: readonly string[];
  /** Names of the RouteConfigurations that are wanted from the start. */
  readonly routes: readonly string[];
  /** What configuration takes effect on. */
  readonly target: ConfigurationTarget;
  readonly log: Log;
  readonly onIdentity: (identity: Identity) => void;
  /** Told each connection, for further streams over it such as telemetry. */
  readonly onSession?: (session: ControlPlaneSession) => void;
  readonly clock?: Clock;
  readonly random?: () => number;
}

/** Configuration is asked for once the lease is there, or after this long without an answer to it. */
const registrationWaitMs = 5_000;

/**
 * All that a sidecar has to do with its control plane: identity first, then one connection, over which it registers and
 * only then asks for configuration, since what it gets depends on what runs here.
 *
 * The last good configuration is in force before any of that, when there is a stored identity that it belongs to.
 */
export class ControlPlaneClient {
  readonly configuration: Configuration;
  readonly identity: IdentityClient;
  /** Fulfilled the first time that nothing is missing for serving; see `notReadyReason`. */
  readonly ready: Promise<void>;
  readonly #options: ControlPlaneClientOptions;
  readonly #clock: Clock;
  readonly #channel: ControlPlaneChannel;
  readonly #ads: AdsClient<ParsedResource>;
  readonly #workload: WorkloadClient;
  readonly #snapshot: SnapshotFile;
  #current: Identity | null = null;
  #isRestored = false;
  #isWithdrawn = false;
  #becomeReady: (() => void) | null = null;

  constructor(options: ControlPlaneClientOptions) {
    const { log, clock = systemClock, random = Math.random } = options;
    const shared = { log, clock, random };
    this.ready = new Promise((resolve) => {
      this.#becomeReady = resolve;
    });
    this.#options = options;
    this.#clock = clock;
    this.#snapshot = new SnapshotFile(options.directory, log, clock);
    this.identity = new IdentityClient({ ...options, ...shared, publish: (identity) => this.#use(identity) });
    this.#channel = new ControlPlaneChannel({ ...shared, onSession: (session) => void this.#begin(session) });
    this.#workload = new WorkloadClient({ ...shared, registration: options.registration });
    this.configuration = new Configuration(
      options.target,
      {
        subscribe: (name) => this.#ads.subscribe(name),
        unsubscribe: (name) => this.#ads.unsubscribe(name),
        putRoots: (pem) => this.identity.updateBundle(pem),
        inForce: (resource) => {
          this.#workload.reportInForce(resource);
          this.#changed();
        },
        removed: (name) => {
          this.#workload.reportRemoved(name);
          this.#changed();
        },
        rejected: (refused) => this.#workload.reportRejected(refused),
      },
      clock,
    );
    this.#ads = new AdsClient<ParsedResource>({
      ...shared,
      node: options.node,
      parse: (raw) => parseResource(raw, this.#current?.trustDomain ?? '', clock.now()),
      onResponse: (changed, removed, refused) => {
        // who is withdrawn has no ports any more as far as others know, and still answers those who have not heard of it
        const gone = this.#isWithdrawn ? removed.filter((name) => !isOwnPort(name)) : removed;
        this.configuration.receive(changed, gone, refused);
      },
      onUnanswered: (name) => this.configuration.unanswered(name),
    });
  }

  /** Answers once the first attempt to have an identity is over; everything else goes on by itself from there. */
  async start(): Promise<void> {
    for (const name of this.#options.listeners) this.configuration.want({ typeUrl: LISTENER_TYPE_URL, name });
    for (const name of this.#options.routes) {
      this.configuration.want({ typeUrl: ROUTE_CONFIGURATION_TYPE_URL, name });
    }
    this.configuration.want({ typeUrl: SECRET_TYPE_URL, name: ROOT_SECRET });
    await this.identity.start();
  }

  /** Null when the sidecar can serve; otherwise what it waits for, for people. */
  get notReadyReason(): string | null {
    const identity: IdentityStatus = this.identity.status;
    if (identity.kind === 'none') return identity.reason;
    const lease = this.#workload.state;
    if (!this.#options.listeners.every((name) => this.#hasListener(name))) {
      return lease.kind === 'refused'
        ? `the control plane refuses this workload: ${lease.reason}`
        : 'the listeners have no configuration yet';
    }
    const missing = this.#options.routes.find((name) => !this.#isKnown(name));
    return missing === undefined ? null : `the routes of ${missing} have not come yet`;
  }

  get isConnected(): boolean {
    return this.#channel.isConnected;
  }

  get lease(): LeaseState {
    return this.#workload.state;
  }

  /** Counts of accepted and rejected resources, by type URL. */
  get counts(): AdsClient<ParsedResource>['counts'] {
    return this.#ads.counts;
  }

  /** See `WorkloadClient.reregister`. */
  reregister(): void {
    this.#workload.reregister();
  }

  /** See `WorkloadClient.withdraw`. What serves this workload's own ports stays in force from here on. */
  withdraw(waitMs: number): Promise<boolean> {
    this.#isWithdrawn = true;
    return this.#workload.withdraw(waitMs);
  }

  async close(): Promise<void> {
    this.#ads.close();
    this.#workload.close();
    this.#channel.close();
    await this.identity.close();
    await this.#snapshot.flush();
  }

  #hasListener(name: string): boolean {
    const inForce = this.configuration.inForce({ typeUrl: LISTENER_TYPE_URL, name });
    return inForce !== null && inForce !== 'absent';
  }

  #isKnown(name: string): boolean {
    return this.configuration.inForce({ typeUrl: ROUTE_CONFIGURATION_TYPE_URL, name }) !== null;
  }

  #use(identity: Identity): void {
    const previous = this.#current;
    this.#current = identity;
    this.#options.onIdentity(identity);
    // New roots alone are no reason for another connection; the next one is made with them.
    if (previous?.certificateChainPem === identity.certificateChainPem) return;
    void this.#restore(identity).then(() => {
      this.#channel.use(identity);
      this.#checkReady();
    });
  }

  /** Before the first connection, so that it can say what is held already. */
  async #restore(identity: Identity): Promise<void> {
    if (this.#isRestored) return;
    this.#isRestored = true;
    const resources: ParsedResource[] = [];
    for (const stored of await this.#snapshot.load(identity.id)) {
      const parsed = parseResource(stored, identity.trustDomain, this.#clock.now());
      if (typeof parsed !== 'string') resources.push(parsed);
      else this.#options.log('warn', 'a stored resource is not used', { name: stored.name, reason: parsed });
    }
    const taken = this.configuration.restore(resources);
    for (const resource of taken) this.#ads.hold(resource, resource.version);
    if (taken.length > 0) this.#options.log('info', 'serving the stored configuration', { resources: taken.length });
  }

  async #begin(session: ControlPlaneSession): Promise<void> {
    this.#options.onSession?.(session);
    await this.#workload.attach(session, registrationWaitMs);
    if (session.isOpen) this.#ads.attach(session);
  }

  /** Something came in force or went. Secrets stay out of the file: the roots stand beside their certificate. */
  #changed(): void {
    // Asked after the whole response has been applied: readiness needs all of it, and half of it is not yet the state.
    if (this.#becomeReady !== null) queueMicrotask(() => this.#checkReady());
    const identity = this.#current;
    if (identity === null) return;
    this.#snapshot.schedule(identity.id, () =>
      [...this.configuration.resources()].filter(({ typeUrl }) => typeUrl !== SECRET_TYPE_URL),
    );
  }

  #checkReady(): void {
    if (this.#becomeReady === null || this.notReadyReason !== null) return;
    this.#becomeReady();
    this.#becomeReady = null;
  }
}

/** A listener or cluster of this workload's own; `inbound|8080||` is both. */
function isOwnPort({ name }: ResourceName): boolean {
  return name === VIRTUAL_OUTBOUND || parseClusterName(name)?.direction === 'inbound';
}

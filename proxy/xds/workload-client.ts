import { durationToMs } from '../../proto/duration.ts';
import type { Input, Output } from '../../proto/load.ts';
import type { Clock } from '../clock.ts';
import { systemClock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { RefusedResource } from './ads-client.ts';
import { isRefusal, unavailable } from './call-failure.ts';
import type { ControlPlaneSession } from './control-plane-channel.ts';
import type { ResourceName } from './delta-state.ts';
import { SessionStream } from './session-stream.ts';

type AttachRequest = Input<'heddle.v1.AttachRequest'>;
type AttachResponse = Output<'heddle.v1.AttachResponse'>;
export type Registration = Input<'heddle.v1.Register'>;

export interface WorkloadClientOptions {
  /** What runs here; read anew for each registration. `instance_id` and `generation` must stay the same. */
  readonly registration: () => Registration;
  readonly log: Log;
  readonly clock?: Clock;
  readonly random?: () => number;
}

export type LeaseState =
  /** No answer yet, or the connection is gone. */
  | { readonly kind: 'waiting' }
  | { readonly kind: 'registered' }
  | { readonly kind: 'refused'; readonly reason: string }
  /** Withdrawn by us, for good. */
  | { readonly kind: 'withdrawn' };

/** Used until the control plane has said how often (`Registered.renew_interval`); kept within these bounds. */
const defaultRenewIntervalMs = 3_000;
const minRenewIntervalMs = 500;
const maxRenewIntervalMs = 60_000;
const maxResourcesPerMessage = 1_000;

/**
 * The sidecar's lease: says what runs here, renews it, and tells which configuration is in force. As long as it is not
 * withdrawn it registers again whenever the stream is new or the lease has lapsed, always as the same instance, so
 * that to others nothing has happened.
 *
 * Reports of one turn of the event loop go out together. A new registration is told everything that is in force: it may
 * be to a control plane that knows nothing of us.
 */
export class WorkloadClient {
  readonly #options: WorkloadClientOptions;
  readonly #clock: Clock;
  readonly #stream: SessionStream<AttachRequest, AttachResponse>;
  readonly #inForce = new Map<string, ResourceName & { readonly version: string }>();
  /** Latest refusal of each resource, while it is the newest that is known of it. */
  readonly #rejected = new Map<string, RefusedResource>();
  /** Keys whose state was not yet told on this stream. */
  readonly #untold = new Map<string, ResourceName>();
  #state: LeaseState = { kind: 'waiting' };
  #isWithdrawing = false;
  /** What runs here has changed since it was last told. */
  #isStale = false;
  #isFlushing = false;
  #cancelRenewal: () => void = () => {};
  #settled: () => void = () => {};
  #withdrawn: (wasAcknowledged: boolean) => void = () => {};

  constructor(options: WorkloadClientOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#stream = new SessionStream<AttachRequest, AttachResponse>({
      open: (session) => session.clientOf('heddle.v1.WorkloadService').Attach(),
      onOpen: () => this.#register(),
      onMessage: (response) => this.#receive(response),
      onClosed: (reason, code, retryInMs) => this.#closed(reason, code, retryInMs),
      clock: this.#clock,
      random: options.random ?? Math.random,
    });
  }

  get state(): LeaseState {
    return this.#state;
  }

  /**
   * Registers over this session. Fulfilled when that was answered, either way, and at the latest after `waitMs`, so that
   * what has to come after registering need not wait for a control plane that is slow.
   */
  attach(session: ControlPlaneSession, waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#clock.after(waitMs, () => this.#settled());
      this.#settled = () => {
        cancel();
        resolve();
      };
      session.onEnd(this.#settled);
      this.#stream.attach(session);
    });
  }

  /**
   * Takes this workload out of use. True when the control plane has acknowledged that within `waitMs`, so that no new
   * request is sent here; false when it did not, and the lease has to run out by itself.
   */
  withdraw(waitMs: number): Promise<boolean> {
    this.#isWithdrawing = true;
    this.#cancelRenewal();
    return new Promise((resolve) => {
      const cancel = this.#clock.after(waitMs, () => this.#withdrawn(false));
      this.#withdrawn = (wasAcknowledged) => {
        cancel();
        this.#state = { kind: 'withdrawn' };
        resolve(wasAcknowledged);
      };
      if (this.#state.kind !== 'registered' || !this.#stream.send({ withdraw: {} })) this.#withdrawn(false);
    });
  }

  /** What runs here has changed: registers again on the present stream. Without one the next stream sees to it. */
  reregister(): void {
    this.#isStale = true;
    if (this.#state.kind === 'registered') this.#register();
  }

  close(): void {
    this.#isWithdrawing = true;
    this.#cancelRenewal();
    this.#settled();
    this.#withdrawn(false);
    this.#stream.close();
  }

  /** This version decides requests from now on. */
  reportInForce({ typeUrl, name, version }: ResourceName & { readonly version: string }): void {
    const key = keyOf(typeUrl, name);
    this.#inForce.set(key, { typeUrl, name, version });
    this.#rejected.delete(key);
    this.#tell(key, { typeUrl, name });
  }

  /** No version of this decides requests any more. */
  reportRemoved({ typeUrl, name }: ResourceName): void {
    const key = keyOf(typeUrl, name);
    this.#inForce.delete(key);
    this.#rejected.delete(key);
    this.#tell(key, { typeUrl, name });
  }

  reportRejected(refused: RefusedResource): void {
    const key = keyOf(refused.typeUrl, refused.name);
    this.#rejected.set(key, refused);
    this.#tell(key, refused);
  }

  #register(): void {
    this.#cancelRenewal();
    if (this.#isWithdrawing) return;
    this.#state = { kind: 'waiting' };
    this.#isStale = false;
    this.#stream.send({ register: this.#options.registration() });
  }

  #receive(message: AttachResponse): void {
    switch (message.response) {
      case 'registered':
        this.#registered(message.registered?.renew_interval ?? null);
        break;
      case 'withdrawn':
        this.#withdrawn(true);
        break;
      case 'lapsed':
        this.#options.log('warn', 'the lease has lapsed; registering again');
        this.#register();
        break;
      case 'renewed':
      case undefined:
        break;
      default:
        break;
    }
  }

  #registered(renewInterval: { readonly seconds: string; readonly nanos: number } | null): void {
    if (this.#isWithdrawing) return;
    if (this.#isStale) {
      this.#register();
      return;
    }
    if (this.#state.kind !== 'registered') this.#options.log('info', 'registered with the control plane');
    this.#state = { kind: 'registered' };
    const askedMs = renewInterval === null ? defaultRenewIntervalMs : durationToMs(renewInterval);
    this.#renewEvery(Math.min(Math.max(askedMs, minRenewIntervalMs), maxRenewIntervalMs));
    for (const [key, { typeUrl, name }] of [...this.#inForce, ...this.#rejected])
      this.#untold.set(key, { typeUrl, name });
    this.#flush();
    this.#settled();
  }

  #renewEvery(intervalMs: number): void {
    this.#cancelRenewal();
    this.#cancelRenewal = this.#clock.after(intervalMs, () => {
      this.#stream.send({ renew: {} });
      this.#renewEvery(intervalMs);
    });
  }

  #closed(reason: string, code: number, retryInMs: number): void {
    this.#cancelRenewal();
    if (this.#isWithdrawing) {
      this.#withdrawn(false);
      return;
    }
    const isRefused = isRefusal(code);
    this.#state = isRefused ? { kind: 'refused', reason } : { kind: 'waiting' };
    const message = isRefused ? 'the control plane refuses this workload' : 'the lease stream ended';
    this.#options.log(code === unavailable ? 'debug' : 'warn', message, {
      reason,
      code,
      retryInMs: Math.round(retryInMs),
    });
    this.#settled();
  }

  #tell(key: string, name: ResourceName): void {
    this.#untold.set(key, { typeUrl: name.typeUrl, name: name.name });
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    this.#isFlushing = false;
    // Whatever is not told now is told with the next registration, from the two maps.
    if (this.#state.kind !== 'registered') {
      this.#untold.clear();
      return;
    }
    const resources: Input<'heddle.v1.ResourceInForce'>[] = [];
    for (const [key, { typeUrl, name }] of this.#untold) {
      const inForce = this.#inForce.get(key);
      const rejected = this.#rejected.get(key);
      if (rejected !== undefined) {
        const { version, reason } = rejected;
        this.#stream.send({ rejected: { type_url: typeUrl, name, version, reason } });
      }
      if (inForce !== undefined || rejected === undefined) {
        const version = inForce?.version ?? '';
        resources.push({ type_url: typeUrl, name, version, removed: inForce === undefined });
      }
    }
    this.#untold.clear();
    for (let at = 0; at < resources.length; at += maxResourcesPerMessage) {
      this.#stream.send({ in_force: { resources: resources.slice(at, at + maxResourcesPerMessage) } });
    }
  }
}

function keyOf(typeUrl: string, name: string): string {
  return `${typeUrl} ${name}`;
}

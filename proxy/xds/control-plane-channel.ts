import type { Channel } from '@grpc/grpc-js';
import type { ClientOf, ServiceName } from '../../proto/load.ts';
import type { Clock } from '../clock.ts';
import { systemClock } from '../clock.ts';
import type { Log } from '../log.ts';
import { backOffMs } from '../resilience/back-off.ts';
import { connectionFailure } from './call-failure.ts';
import { controlPlaneChannelOptions, controlPlaneCredentials } from './control-plane-credentials.ts';
import type { Identity } from './identity.ts';

/**
 * Back-off of everything that talks to the control plane, in milliseconds; full jitter in between. Envoy waits up to
 * 30 s; here the most is below the lease's time to live of 10 s, so that an instance that is alive is back before the
 * control plane, itself back after a long absence, can take it for dead.
 */
export const reconnectBaseMs = 500;
export const reconnectMaxMs = 8_000;

/** A connection that has held this long was a good one: after it the back-off begins at its base again. */
const stableAfterMs = 30_000;
/** While a control plane stays away for one and the same reason, it is warned of that as often as this. */
const warnAgainAfterMs = 60_000;
const connectTimeoutMs = 10_000;

/** One connection to the control plane, for as long as it lasts. */
export interface ControlPlaneSession {
  readonly isOpen: boolean;
  /** A client whose calls go over this connection. */
  clientOf<Name extends ServiceName>(name: Name): InstanceType<ClientOf<Name>>;
  /** Called once, when the connection is lost or has been replaced; at once when it already is. */
  onEnd(callback: () => void): void;
}

export interface ControlPlaneChannelOptions {
  readonly log: Log;
  /** Told each connection as soon as it is usable: TLS done and the server known to be the control plane. */
  readonly onSession: (session: ControlPlaneSession) => void;
  readonly clock?: Clock;
  readonly random?: () => number;
}

/**
 * Keeps one connection to the control plane, with our certificate. Lost, it comes back after 0.5 to 8 s with full
 * jitter, so that a control plane that restarts is not met by all sidecars at once.
 *
 * A new certificate gets a new connection. The old one is let go only when the new one is usable, so no stream of the
 * new session begins before the one that it replaces could have gone on.
 */
export class ControlPlaneChannel {
  readonly #options: ControlPlaneChannelOptions;
  readonly #clock: Clock;
  readonly #random: () => number;
  #identity: Identity | null = null;
  #session: Session | null = null;
  #failures = 0;
  /** Reason of the last warning since there was a connection; '' when there was none. */
  #warnedOf = '';
  #warnedAtMs = 0;
  /** Counts what is being tried, so that an attempt that was overtaken knows it. */
  #attempt = 0;
  #cancelTimer: () => void = () => {};

  constructor(options: ControlPlaneChannelOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
  }

  get isConnected(): boolean {
    return this.#session?.isOpen ?? false;
  }

  /** Connects, or connects anew, as this identity. */
  use(identity: Identity): void {
    this.#identity = identity;
    this.#failures = 0;
    this.#connect();
  }

  close(): void {
    this.#identity = null;
    this.#attempt++;
    this.#cancelTimer();
    const session = this.#session;
    // Not ours any more when it ends, so its end is not taken for a loss.
    this.#session = null;
    session?.end();
  }

  #connect(): void {
    this.#cancelTimer();
    const identity = this.#identity;
    if (identity === null) return;
    const attempt = ++this.#attempt;
    connect(identity, () => this.#clock.now()).then(
      (session) => {
        if (attempt === this.#attempt) this.#begin(session, identity);
        else session.end();
      },
      (error: Error) => {
        if (attempt === this.#attempt) this.#retry(error.message);
      },
    );
  }

  #begin(session: Session, identity: Identity): void {
    const previous = this.#session;
    this.#warnedOf = '';
    const beganAtMs = this.#clock.now();
    this.#session = session;
    this.#options.log('info', 'connected to the control plane', { address: identity.controlPlaneAddress });
    this.#options.onSession(session);
    previous?.end();
    session.onEnd(() => {
      if (this.#session !== session) return;
      this.#session = null;
      if (this.#clock.now() - beganAtMs >= stableAfterMs) this.#failures = 0;
      this.#retry('the connection was lost');
    });
  }

  #retry(reason: string): void {
    const delayMs = backOffMs(++this.#failures, reconnectBaseMs, reconnectMaxMs, this.#random);
    const nowMs = this.#clock.now();
    const isNews = reason !== this.#warnedOf || nowMs - this.#warnedAtMs >= warnAgainAfterMs;
    if (isNews) {
      this.#warnedOf = reason;
      this.#warnedAtMs = nowMs;
    }
    const level = isNews ? 'warn' : 'debug';
    this.#options.log(level, 'no connection to the control plane', { reason, retryInMs: Math.round(delayMs) });
    this.#cancelTimer = this.#clock.after(delayMs, () => this.#connect());
  }
}

class Session implements ControlPlaneSession {
  readonly #channel: Channel;
  readonly #makeClient: MakeClient;
  readonly #callbacks: (() => void)[] = [];
  isOpen = true;

  constructor(channel: Channel, makeClient: MakeClient) {
    this.#channel = channel;
    this.#makeClient = makeClient;
  }

  clientOf<Name extends ServiceName>(name: Name): InstanceType<ClientOf<Name>> {
    return this.#makeClient(name, this.#channel) as InstanceType<ClientOf<Name>>;
  }

  onEnd(callback: () => void): void {
    if (this.isOpen) this.#callbacks.push(callback);
    else callback();
  }

  end(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    for (const callback of this.#callbacks.splice(0)) callback();
    this.#channel.close();
  }
}

type MakeClient = (name: ServiceName, channel: Channel) => unknown;

async function connect(identity: Identity, now: () => number): Promise<Session> {
  const [grpc, { clientOf }] = await Promise.all([import('@grpc/grpc-js'), import('../../proto/client.ts')]);
  const credentials = await controlPlaneCredentials({ ...identity, client: identity }, now);
  const channel = new grpc.Channel(identity.controlPlaneAddress, credentials, controlPlaneChannelOptions);
  const { READY, CONNECTING, IDLE } = grpc.connectivityState;
  // The deadline is grpc's own affair, so it is by the real clock.
  const deadline = new Date(Date.now() + connectTimeoutMs);
  let state = channel.getConnectivityState(true);
  while (state === IDLE || state === CONNECTING) {
    if (!(await stateChange(channel, state, deadline))) break;
    state = channel.getConnectivityState(true);
  }
  if (state !== READY) {
    const reason =
      state === CONNECTING ? `no connection within ${connectTimeoutMs} ms` : await failureOf(channel, grpc);
    channel.close();
    throw new Error(reason);
  }
  const session = new Session(channel, (name, channelOverride) => {
    // Every generated client takes these arguments; a union of all of them cannot be called.
    const Client = clientOf(name) as unknown as new (
      address: string,
      of: typeof credentials,
      options: object,
    ) => unknown;
    return new Client(identity.controlPlaneAddress, credentials, { channelOverride });
  });
  void stateChange(channel, READY, Number.POSITIVE_INFINITY).then(() => session.end());
  return session;
}

/** Whether the state has become another one before the deadline. */
function stateChange(channel: Channel, from: number, deadline: Date | number): Promise<boolean> {
  return new Promise((resolve) => {
    try {
      channel.watchConnectivityState(from, deadline, (error) => resolve(error === undefined));
    } catch {
      resolve(true); // the channel was closed meanwhile, which is a change too
    }
  });
}

/** A channel knows its state but not why; a call over it is answered with the reason. Nothing is sent. */
function failureOf(channel: Channel, grpc: typeof import('@grpc/grpc-js')): Promise<string> {
  const client = new grpc.Client('', grpc.credentials.createInsecure(), { channelOverride: channel });
  const empty = () => Buffer.alloc(0);
  const deadline = new Date(Date.now() + 1_000);
  return new Promise((resolve) => {
    client.makeUnaryRequest('/heddle.v1.WorkloadService/Attach', empty, empty, null, { deadline }, (error) => {
      const details = error?.details ?? 'the connection was lost';
      resolve(connectionFailure(details) ?? details);
    });
  });
}

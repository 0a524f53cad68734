import type { ServiceError } from '@grpc/grpc-js';
import { generateKeyPair } from '../../certs/key-pair.ts';
import { fromPem, toPem } from '../../certs/pem.ts';
import type { JoinResponse__Output } from '../../proto/generated/heddle/v1/JoinResponse.ts';
import type { Clock } from '../clock.ts';
import { systemClock } from '../clock.ts';
import type { Log } from '../log.ts';
import { backOffMs } from '../resilience/back-off.ts';
import { connectionFailure, isRefusal } from './call-failure.ts';
import type { ControlPlaneTrust } from './control-plane-credentials.ts';
import { controlPlaneChannelOptions, controlPlaneCredentials } from './control-plane-credentials.ts';
import type { Identity } from './identity.ts';
import {
  decodeIdentity,
  differenceFrom,
  encodeIdentity,
  makeIdentity,
  maxIdentityBytes,
  withBundle,
} from './identity.ts';
import type { JoinToken } from './join-token.ts';
import { fetchPinnedRoot } from './pinned-server.ts';
import type { StateDirectory } from './state-directory.ts';

export interface IdentityClientOptions {
  readonly directory: StateDirectory;
  /** Null when the sidecar was started without; then only a stored identity can be used. */
  readonly token: JoinToken | null;
  /** The service that the sidecar is started for. A stored identity for another one is not used. */
  readonly namespace: string;
  readonly service: string;
  readonly log: Log;
  /** Told each identity that comes into use: the stored one, the joined one, each renewed one. */
  readonly publish: (identity: Identity) => void;
  readonly clock?: Clock;
  readonly random?: () => number;
}

export type IdentityStatus =
  | { readonly kind: 'valid'; readonly identity: Identity }
  | {
      readonly kind: 'none';
      /** Why there is none that can be used, for people. */
      readonly reason: string;
      /** Whether the control plane, or the check of it, said no. Trying again helps only if something changes there. */
      readonly isRefused: boolean;
    };

const fileName = 'identity.json';
const backOffBaseMs = 500;
const backOffMaxMs = 30_000;
const callTimeoutMs = 10_000;
/** Renewal comes at half of the leaf's life, give or take this share, so that sidecars started together part. */
const renewalJitter = 0.01;

/**
 * Sees to it that the sidecar has a certificate: the one in the state directory, else one for its join token, and
 * from then on a new one at each half life, for as long as it runs. Every key is new and never leaves this process
 * but for the state directory.
 *
 * Whatever fails is tried again after a back-off of 0.5 to 30 s with full jitter; meanwhile the old leaf serves until
 * it expires.
 */
export class IdentityClient {
  readonly #options: IdentityClientOptions;
  readonly #clock: Clock;
  readonly #random: () => number;
  #identity: Identity | null = null;
  #failure: { readonly reason: string; readonly isRefused: boolean } | null = null;
  #failures = 0;
  #cancelTimer: () => void = () => {};
  #stored: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(options: IdentityClientOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
  }

  get status(): IdentityStatus {
    const identity = this.#identity;
    if (identity !== null && identity.expiresAtMs > this.#clock.now()) return { kind: 'valid', identity };
    const { reason, isRefused } = this.#failure ?? { reason: 'joining has not been answered yet', isRefused: false };
    const expired = identity === null ? '' : `the certificate expired at ${timeText(identity.expiresAtMs)}; `;
    return { kind: 'none', reason: expired + reason, isRefused };
  }

  /** Uses what is stored and begins to join or renew. Answers after the first attempt, whichever way it went. */
  async start(): Promise<void> {
    const stored = await this.#load();
    if (stored !== null) {
      this.#identity = stored;
      if (stored.expiresAtMs > this.#clock.now()) {
        this.#options.log('info', 'using the stored certificate', { identity: stored.id });
        this.#options.publish(stored);
        this.#scheduleRenewal(stored);
        return;
      }
    }
    await this.#attempt();
  }

  /** New roots from the control plane. Throws `InvalidIdentityError` when our own leaf would have no root in them. */
  updateBundle(trustBundlePem: string): void {
    const current = this.#identity;
    if (current === null) return;
    const identity = withBundle(current, trustBundlePem, this.#clock.now());
    if (identity.trustBundlePem === current.trustBundlePem) return;
    this.#identity = identity;
    void this.#store(identity);
    this.#options.publish(identity);
  }

  /** Waits for what is being stored. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelTimer();
    await this.#stored;
  }

  async #load(): Promise<Identity | null> {
    const { directory, token, namespace, service, log } = this.#options;
    try {
      const content = await directory.read(fileName, maxIdentityBytes);
      if (content === null) return null;
      const identity = decodeIdentity(content, this.#clock.now());
      const difference = differenceFrom(identity, namespace, service, token);
      // The token is the newer word on where the control plane is.
      if (difference === null) return token === null ? identity : { ...identity, controlPlaneAddress: token.address };
      log('info', 'the stored certificate is not used', { reason: difference });
    } catch (error) {
      log('warn', 'the stored certificate cannot be used', { reason: (error as Error).message });
    }
    return null;
  }

  /** One attempt to get a certificate, and the timer for the next, whether it succeeded or not. */
  async #attempt(): Promise<void> {
    const { log, token } = this.#options;
    const current = this.#identity;
    const isValid = current !== null && current.expiresAtMs > this.#clock.now();
    const joinToken = isValid ? null : token;
    try {
      let identity: Identity;
      if (joinToken !== null) identity = await this.#join(joinToken);
      else if (current !== null) identity = await this.#renew(current);
      else return this.#giveUp('there is neither a stored certificate nor a join token');
      if (this.#isClosed) return;
      this.#failures = 0;
      this.#failure = null;
      this.#identity = identity;
      // In use first: a disk that is full must not keep a good certificate from being used.
      this.#options.publish(identity);
      this.#scheduleRenewal(identity);
      await this.#store(identity);
      log('info', joinToken === null ? 'renewed the certificate' : 'joined the mesh', {
        identity: identity.id,
        expiresAt: timeText(identity.expiresAtMs),
      });
    } catch (error) {
      if (this.#isClosed) return;
      this.#failure = failureOf(error);
      const delayMs = backOffMs(++this.#failures, backOffBaseMs, backOffMaxMs, this.#random);
      log(isValid ? 'warn' : 'error', isValid ? 'the certificate could not be renewed' : 'no certificate', {
        reason: isValid ? this.#failure.reason : statusReason(this.status),
        retryInMs: Math.round(delayMs),
      });
      this.#cancelTimer = this.#clock.after(delayMs, () => void this.#attempt());
    }
  }

  /** Nothing is left that could be tried. */
  #giveUp(reason: string): void {
    this.#failure = { reason, isRefused: true };
    this.#options.log('error', 'no certificate', { reason });
  }

  async #join(token: JoinToken): Promise<Identity> {
    const nowMs = this.#clock.now();
    if (token.expiresAtMs <= nowMs) {
      throw new RefusedError(`the join token expired at ${timeText(token.expiresAtMs)}; ask for a new one`);
    }
    const { createSigningRequest } = await import('../../certs/signing-request.ts');
    const root = await fetchPinnedRoot(token, nowMs);
    const keyPair = generateKeyPair();
    const trust = { trustDomain: token.trustDomain, trustBundlePem: toPem('CERTIFICATE', root), client: null };
    const { namespace, service } = this.#options;
    const request = { token: token.text, signing_request: createSigningRequest(keyPair), namespace, service };
    const response = await this.#call(token.address, trust, (client, deadline, answered) =>
      client.Join(request, { deadline }, answered),
    );
    const identity = makeIdentity(
      {
        keyPair,
        chain: response.certificate_chain,
        roots: response.trust_bundle,
        trustDomain: token.trustDomain,
        controlPlaneAddress: token.address,
      },
      nowMs,
    );
    const difference = differenceFrom(identity, namespace, service, token);
    if (difference !== null) throw new RefusedError(`the control plane issued another identity: ${difference}`);
    return identity;
  }

  async #renew(current: Identity): Promise<Identity> {
    const { createSigningRequest } = await import('../../certs/signing-request.ts');
    const keyPair = generateKeyPair();
    const request = { signing_request: createSigningRequest({ ...keyPair, uri: current.id }) };
    const trust = { trustDomain: current.trustDomain, trustBundlePem: current.trustBundlePem, client: current };
    const response = await this.#call(current.controlPlaneAddress, trust, (client, deadline, answered) =>
      client.Renew(request, { deadline }, answered),
    );
    return makeIdentity(
      {
        keyPair,
        chain: response.certificate_chain,
        roots:
          response.trust_bundle.length > 0 ? response.trust_bundle : fromPem('CERTIFICATE', current.trustBundlePem),
        trustDomain: current.trustDomain,
        controlPlaneAddress: current.controlPlaneAddress,
      },
      this.#clock.now(),
    );
  }

  /** One call over a connection of its own: it happens twice a day, and before the channel for the rest exists. */
  async #call(
    address: string,
    trust: ControlPlaneTrust,
    call: (client: IdentityServiceClient, deadline: Date, answered: Answered) => unknown,
  ): Promise<JoinResponse__Output> {
    const { clientOf } = await import('../../proto/client.ts');
    const credentials = await controlPlaneCredentials(trust, () => this.#clock.now());
    const client = new (clientOf('heddle.v1.IdentityService'))(address, credentials, controlPlaneChannelOptions);
    try {
      return await new Promise<JoinResponse__Output>((resolve, reject) => {
        // The deadline is grpc's own affair, so it is by the real clock.
        call(client, new Date(Date.now() + callTimeoutMs), (error, response) => {
          if (error !== null || response === undefined) reject(error ?? new Error('an empty response'));
          else resolve(response);
        });
      });
    } finally {
      client.close();
    }
  }

  /** One after the other, so that the newest is what stays. */
  #store(identity: Identity): Promise<void> {
    this.#stored = this.#stored.then(() => this.#write(identity));
    return this.#stored;
  }

  async #write(identity: Identity): Promise<void> {
    try {
      await this.#options.directory.write(fileName, encodeIdentity(identity));
    } catch (error) {
      this.#options.log('error', 'the certificate could not be stored; a restart will need a join token', {
        reason: (error as Error).message,
      });
    }
  }

  #scheduleRenewal({ notBeforeMs, expiresAtMs }: Identity): void {
    if (this.#isClosed) return;
    const lifeMs = expiresAtMs - notBeforeMs;
    const atMs = notBeforeMs + lifeMs * (0.5 + (this.#random() * 2 - 1) * renewalJitter);
    this.#cancelTimer = this.#clock.after(Math.max(0, atMs - this.#clock.now()), () => void this.#attempt());
  }
}

type IdentityServiceClient = InstanceType<
  ReturnType<typeof import('../../proto/client.ts').clientOf<'heddle.v1.IdentityService'>>
>;
type Answered = (error: ServiceError | null, response?: JoinResponse__Output) => void;

/** Nothing that trying again could change. */
class RefusedError extends Error {}

function failureOf(error: unknown): { reason: string; isRefused: boolean } {
  const { code, details, message, name } = error as Partial<ServiceError>;
  if (typeof code === 'number' && details !== undefined) {
    const cause = connectionFailure(details);
    const reason = cause === null ? `the control plane answered: ${details}` : `no connection: ${cause}`;
    return { reason, isRefused: isRefusal(code) };
  }
  const isRefused = error instanceof RefusedError || name === 'PinnedServerError' || name === 'InvalidIdentityError';
  return { reason: message ?? String(error), isRefused };
}

function statusReason(status: IdentityStatus): string {
  return status.kind === 'none' ? status.reason : '';
}

function timeText(ms: number): string {
  return new Date(ms).toISOString();
}

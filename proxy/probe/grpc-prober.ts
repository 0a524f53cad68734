import type { Socket } from 'node:net';
import { isIPv6 } from 'node:net';
import type { ChannelCredentials, ServiceError } from '@grpc/grpc-js';
import type { HealthClient } from '../../proto/generated/grpc/health/v1/Health.ts';
import { hostAndPort } from '../../proto/host-and-port.ts';
import type { Prober } from '../resilience/health-check/check-session.ts';
import type { GrpcCheck } from '../resilience/health-check/health-check-settings.ts';
import type { CheckOutcome } from '../resilience/health-check/health-record.ts';
import type { ConnectionPlace } from './connection-budget.ts';
import type { ProbeTarget } from './probe-target.ts';

/** An answer is one number. */
const MAX_ANSWER_BYTES = 4096;

/** CANCELLED, DEADLINE_EXCEEDED, UNAVAILABLE: nobody has answered. */
const notAnswered: ReadonlySet<number> = new Set([1, 4, 14]);

/** Asks by the health protocol of gRPC, over grpc-js. */
export class GrpcProber implements Prober {
  // a library that is missing shows with the check
  readonly loading: Promise<void> = import('../../proto/client.ts').then(ignore, ignore);
  readonly #check: GrpcCheck;
  readonly #target: ProbeTarget;
  readonly #place: ConnectionPlace;
  #client: HealthClient | null = null;
  /** Ends what the channel is opening. */
  #closing = new AbortController();

  /** `place`: whether its connection may stay from one check to the next. */
  constructor(check: GrpcCheck, target: ProbeTarget, place: ConnectionPlace) {
    this.#check = check;
    this.#target = target;
    this.#place = place;
  }

  async check(signal: AbortSignal): Promise<CheckOutcome> {
    this.#client ??= await this.#open();
    const outcome = await this.#ask(this.#client, signal);
    // a channel that has failed waits before it connects again, and a check must not
    if (outcome.kind !== 'success' || !this.#place.keep()) this.close();
    return outcome;
  }

  close(): void {
    this.#closing.abort();
    this.#place.leave();
    this.#client?.close();
    this.#client = null;
  }

  async #open(): Promise<HealthClient> {
    const { clientOf } = await import('../../proto/client.ts');
    const closing = new AbortController();
    this.#closing = closing;
    const { address, port } = this.#target;
    const target = `${isIPv6(address) ? 'ipv6' : 'ipv4'}:${hostAndPort(address, port)}`;
    return new (clientOf('grpc.health.v1.Health'))(target, await targetCredentials(this.#target, closing.signal), {
      'grpc.default_authority': this.#check.authority,
      'grpc.enable_retries': 0,
      'grpc.max_receive_message_length': MAX_ANSWER_BYTES,
      'grpc.enable_http_proxy': 0,
      'grpc.use_local_subchannel_pool': 1,
      'grpc.service_config_disable_resolution': 1,
    });
  }

  #ask(client: HealthClient, signal: AbortSignal): Promise<CheckOutcome> {
    return new Promise((resolve) => {
      const onAnswer = (error: ServiceError | null, answer?: { readonly status: string }): void => {
        signal.removeEventListener('abort', cancel);
        if (error !== null) {
          resolve({ kind: notAnswered.has(error.code) ? 'network' : 'failure', reason: error.message });
        } else if (answer?.status === 'SERVING') resolve({ kind: 'success' });
        else resolve({ kind: 'failure', reason: `the service says ${answer?.status}` });
      };
      const call = client.Check({ service: this.#check.service }, onAnswer);
      const cancel = () => call.cancel();
      signal.addEventListener('abort', cancel);
    });
  }
}

function ignore(): void {}

/** Credentials that make of grpc-js's own connection what the target's is made of. */
async function targetCredentials(target: ProbeTarget, closing: AbortSignal): Promise<ChannelCredentials> {
  const { CallCredentials, ChannelCredentials, credentials } = await import('@grpc/grpc-js');
  if (!target.isSecured) return credentials.createInsecure();
  const connector = {
    connect: async (raw: Socket) => ({ socket: await target.secure(raw, 'http2', closing), secure: true }),
    waitForReady: async () => {},
    getCallCredentials: () => CallCredentials.createEmpty(),
    destroy: () => {},
  };
  class TargetCredentials extends ChannelCredentials {
    override _isSecure(): boolean {
      return true;
    }
    override _equals(other: ChannelCredentials): boolean {
      return other === this;
    }
    override _createSecureConnector(): typeof connector {
      return connector;
    }
  }
  return new TargetCredentials();
}

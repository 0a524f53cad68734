import type { handleBidiStreamingCall, ServerDuplexStream } from '@grpc/grpc-js';
import { status } from '@grpc/grpc-js';
import { InvalidGrantError, readGrant } from '../../certs/grant.ts';
import type { Input, Output } from '../../proto/load.ts';
import type { Log } from '../log.ts';
import { workloadKey } from '../registry/registered-workload.ts';
import { checkRegistration, RegistrationRefusedError } from '../registry/registration-request.ts';
import type { Registration, Registry } from '../registry/registry.ts';
import { leaseTtlMs, NameTakenError, renewIntervalMs, TooManyWorkloadsError } from '../registry/registry.ts';
import type { CallerOf } from './caller.ts';
import { StreamError } from './discovery-stream.ts';
import { writePaced } from './paced-writes.ts';
import type { Attachment, ProxyTracker } from './proxy-tracker.ts';
import { resourceKey } from './proxy-tracker.ts';
import { maxNameLength, maxNames } from './subscription.ts';

type Request = Output<'heddle.v1.AttachRequest'>;
type Response = Input<'heddle.v1.AttachResponse'>;

export interface WorkloadServiceOptions {
  readonly callerOf: CallerOf;
  readonly registry: Registry;
  readonly tracker: ProxyTracker;
  readonly log: Log;
  readonly now?: () => number;
  /** How long a withdrawal waits, before it is answered, for the others to have it in force. Default 1 s. */
  readonly withdrawalWaitMs?: number;
}

/** Resources that one sidecar may report on: all five types full. */
const maxReports = 5 * maxNames;
const maxReasonLength = 2048;

/**
 * `heddle.v1.WorkloadService`: one stream for each sidecar, beside its ADS stream, on which it holds its lease and reports
 * what it has in force.
 *
 * What may be registered is decided by the certificate of the connection. A stream that ends leaves the lease to run out.
 * `Withdrawn` is the answer once the endpoint is out of use everywhere, as far as can be known within a second: what
 * reaches the sidecar after it was on its way before.
 */
export function workloadService(options: WorkloadServiceOptions): {
  readonly Attach: handleBidiStreamingCall<Request, Response>;
} {
  return {
    Attach: (call) => {
      const session = new AttachSession(call, options);
      call.on('data', (request: Request) => session.receive(request));
      call.on('end', () => {
        session.close();
        call.end();
      });
      call.on('cancelled', () => session.close());
      call.on('error', () => session.close());
      call.on('close', () => session.close());
    },
  };
}

class AttachSession {
  readonly #call: ServerDuplexStream<Request, Response>;
  readonly #options: WorkloadServiceOptions;
  readonly #now: () => number;
  readonly #ended = new AbortController();
  #registration: Registration | null = null;
  #attachment: Attachment | null = null;

  constructor(call: ServerDuplexStream<Request, Response>, options: WorkloadServiceOptions) {
    this.#call = call;
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  receive(request: Request): void {
    if (this.#ended.signal.aborted) {
      return;
    }
    try {
      this.#handle(request);
    } catch (error) {
      const { code, details } = statusOf(error);
      const reason = error instanceof Error ? error.message : String(error);
      this.#options.log(code === status.INTERNAL ? 'error' : 'warn', `attaching is refused: ${reason}`, {
        peer: this.#call.getPeer(),
      });
      this.close();
      this.#call.emit('error', { code, details });
    }
  }

  close(): void {
    this.#ended.abort();
    if (this.#attachment !== null) {
      this.#options.tracker.detached(this.#attachment);
      this.#attachment = null;
    }
  }

  #handle({ register, renew, withdraw, in_force: inForce, rejected }: Request): void {
    if (register) {
      this.#register(register);
      return;
    }
    const registration = this.#registration;
    const attachment = this.#attachment;
    if (registration === null || attachment === null) {
      throw new StreamError(status.INVALID_ARGUMENT, 'the first message must be Register');
    }
    if (renew) {
      const isRenewed = this.#options.registry.renew(attachment.key, registration);
      writePaced(this.#call, isRenewed ? { renewed: {} } : { lapsed: {} });
    } else if (withdraw) {
      void this.#withdraw(registration, attachment.key);
    } else if (inForce) {
      for (const { type_url: typeUrl, name, version, removed } of inForce.resources) {
        report(attachment.inForce, resourceKey(typeUrl, name), removed ? null : version);
      }
      this.#options.tracker.progressed(attachment.key);
    } else if (rejected) {
      const { type_url: typeUrl, name, version } = rejected;
      const reason = rejected.reason.slice(0, maxReasonLength);
      report(attachment.rejected, resourceKey(typeUrl, name), { typeUrl, name, version, reason, atMs: this.#now() });
      this.#options.log('warn', 'a proxy refuses a resource', {
        proxy: attachment.key,
        typeUrl,
        name,
        version,
        reason,
      });
      this.#options.tracker.progressed(attachment.key);
    }
  }

  #register(request: Output<'heddle.v1.Register'>): void {
    const { callerOf, registry, tracker, log } = this.#options;
    const { svid, address } = callerOf(this.#call);
    if (svid === null) {
      throw new StreamError(status.UNAUTHENTICATED, 'registering needs a verified client certificate');
    }
    const registrant = { identity: svid.id, grant: readGrant(svid.der) };
    const registration = checkRegistration(request, registrant, this.#now());
    const key = workloadKey(registration.workload);
    if (this.#attachment !== null && this.#attachment.key !== key) {
      throw new StreamError(status.INVALID_ARGUMENT, `this stream is of ${this.#attachment.key}`);
    }
    registry.register(registration);
    this.#registration = registration;
    this.#attachment ??= tracker.attached(key);
    log('info', 'a workload is registered', { workload: key, identity: svid.id, peer: address });
    writePaced(this.#call, {
      registered: { lease_ttl: duration(leaseTtlMs), renew_interval: duration(renewIntervalMs) },
    });
  }

  async #withdraw(registration: Registration, key: string): Promise<void> {
    const { registry, tracker, log, withdrawalWaitMs = 1000 } = this.#options;
    if (registry.withdraw(key, registration)) {
      log('info', 'a workload is withdrawn', { workload: key });
    }
    // Also without a lease: the endpoint is out of use, which is what was asked for.
    await tracker.registryInForce(registry.view().revision, withdrawalWaitMs, this.#ended.signal);
    if (!this.#ended.signal.aborted) {
      writePaced(this.#call, { withdrawn: {} });
    }
  }
}

/** Keeps a bounded number of reports; `null` takes one away. */
function report<Value>(reports: Map<string, Value>, key: string, value: Value | null): void {
  if (value === null) {
    reports.delete(key);
  } else if (reports.has(key) || reports.size < maxReports) {
    if (key.length <= 2 * maxNameLength) {
      reports.set(key, value);
    }
  }
}

function duration(ms: number): Input<'google.protobuf.Duration'> {
  return { seconds: Math.floor(ms / 1000), nanos: (ms % 1000) * 1_000_000 };
}

function statusOf(error: unknown): { code: status; details: string } {
  if (error instanceof StreamError) {
    return { code: error.code, details: error.message };
  }
  if (error instanceof RegistrationRefusedError) {
    return { code: error.isDenied ? status.PERMISSION_DENIED : status.INVALID_ARGUMENT, details: error.message };
  }
  if (error instanceof NameTakenError) {
    return { code: status.ALREADY_EXISTS, details: error.message };
  }
  if (error instanceof TooManyWorkloadsError) {
    return { code: status.RESOURCE_EXHAUSTED, details: error.message };
  }
  if (error instanceof InvalidGrantError) {
    return { code: status.PERMISSION_DENIED, details: error.message };
  }
  return { code: status.INTERNAL, details: 'internal error' };
}

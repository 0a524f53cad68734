import type { ClientDuplexStream, ServiceError } from '@grpc/grpc-js';
import type { Clock } from '../clock.ts';
import { backOffMs } from '../resilience/back-off.ts';
import { unavailable } from './call-failure.ts';
import type { ControlPlaneSession } from './control-plane-channel.ts';
import { reconnectBaseMs, reconnectMaxMs } from './control-plane-channel.ts';

export interface SessionStreamOptions<Request, Response> {
  readonly open: (session: ControlPlaneSession) => ClientDuplexStream<Request, Response>;
  /** A new stream, on which nothing has been said. */
  readonly onOpen: () => void;
  readonly onMessage: (message: Response) => void;
  /** The stream is over; another one comes by itself. `code` is gRPC's, 0 when the server just ended it. */
  readonly onClosed: (reason: string, code: number, retryInMs: number) => void;
  readonly clock: Clock;
  readonly random: () => number;
}

/** Messages that wait to be sent at most. A control plane that reads no faster is given another stream. */
const maxWaiting = 4_096;
/** A stream that has lasted this long was a good one. */
const stableAfterMs = 30_000;

/**
 * A bidirectional stream that goes on from session to session, and is opened again, with back-off, when it ends while
 * its session lasts: a call that is refused must not take the connection with it that other calls use.
 */
export class SessionStream<Request, Response> {
  readonly #options: SessionStreamOptions<Request, Response>;
  #session: ControlPlaneSession | null = null;
  #stream: ClientDuplexStream<Request, Response> | null = null;
  #failures = 0;
  #openedAtMs = 0;
  #cancelTimer: () => void = () => {};

  constructor(options: SessionStreamOptions<Request, Response>) {
    this.#options = options;
  }

  get isOpen(): boolean {
    return this.#stream !== null;
  }

  /** Goes over to this session. */
  attach(session: ControlPlaneSession): void {
    this.#session = session;
    this.#failures = 0;
    this.#open();
    session.onEnd(() => {
      if (this.#session !== session) return;
      this.#session = null;
      const wasOpen = this.isOpen;
      this.#drop();
      if (wasOpen) this.#options.onClosed('the connection to the control plane is gone', unavailable, 0);
    });
  }

  /** False when there is no stream, or it is not being read; what was to be said then has to be said on the next. */
  send(request: Request): boolean {
    const stream = this.#stream;
    if (stream === null) return false;
    if (stream.writableLength >= maxWaiting) {
      stream.cancel();
      return false;
    }
    stream.write(request);
    return true;
  }

  /** No message comes until `resume`; what the other side sends meanwhile waits, up to gRPC's window. */
  pause(): void {
    this.#stream?.pause();
  }

  resume(): void {
    this.#stream?.resume();
  }

  close(): void {
    this.#session = null;
    this.#drop();
  }

  #open(): void {
    this.#drop();
    const session = this.#session;
    if (session === null || !session.isOpen) return;
    const stream = this.#options.open(session);
    this.#stream = stream;
    this.#openedAtMs = this.#options.clock.now();
    stream.on('data', (message: Response) => {
      if (this.#stream === stream) this.#options.onMessage(message);
    });
    stream.on('error', (error: ServiceError) => this.#closed(stream, error.details ?? error.message, error.code));
    stream.on('end', () => this.#closed(stream, 'the control plane ended the stream', 0));
    this.#options.onOpen();
  }

  #closed(stream: ClientDuplexStream<Request, Response>, reason: string, code: number): void {
    if (this.#stream !== stream) return;
    this.#drop();
    const { clock, random, onClosed } = this.#options;
    if (clock.now() - this.#openedAtMs >= stableAfterMs) this.#failures = 0;
    const delayMs = backOffMs(++this.#failures, reconnectBaseMs, reconnectMaxMs, random);
    this.#cancelTimer = clock.after(delayMs, () => this.#open());
    onClosed(reason, code, delayMs);
  }

  #drop(): void {
    this.#cancelTimer();
    const stream = this.#stream;
    this.#stream = null;
    // Its error listener stays: cancelling is answered with one more error.
    stream?.cancel();
  }
}

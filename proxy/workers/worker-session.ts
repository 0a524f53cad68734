import { Socket } from 'node:net';
import { chooseTransport } from '../choose-transport.ts';
import { DataPlane } from '../data-plane.ts';
import type { Listener } from '../listener/listener.ts';
import { LogWriter } from '../log.ts';
import { AccessLog } from '../telemetry/access-log.ts';
import { parseResource } from '../xds/parse-resource.ts';
import type { FromWorker, ToWorker } from './messages.ts';
import { ReportSender } from './report-sender.ts';
import { WantsSender } from './wants-sender.ts';

/** The way to the main process. */
export interface WorkerChannel {
  send(message: FromWorker): void;
  /** Ends the worker. */
  end(): void;
}

/** One worker's side: a data plane that is told what to do by the main process, one message after the other. */
export class WorkerSession {
  readonly #channel: WorkerChannel;
  readonly #waiting: { readonly message: ToWorker; readonly socket: Socket | null }[] = [];
  #isBusy = false;
  #running: Running | null = null;

  constructor(channel: WorkerChannel) {
    this.#channel = channel;
  }

  receive(message: unknown, handle: unknown): void {
    // the main process is of this very build
    this.#waiting.push({ message: message as ToWorker, socket: handle instanceof Socket ? handle : null });
    if (!this.#isBusy) void this.#work();
  }

  /** One after the other. Nothing is waited for but the start, and listeners; an exception ends the worker. */
  async #work(): Promise<void> {
    this.#isBusy = true;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      const { message, socket } = next;
      if (message.kind === 'start') await this.#start(message);
      else if (message.kind === 'listener') await this.#running?.listen(message);
      else this.#running?.carryOut(message, socket);
    }
    this.#isBusy = false;
  }

  async #start(start: Extract<ToWorker, { readonly kind: 'start' }>): Promise<void> {
    const { config, index, logLevel } = start;
    const log = new LogWriter(logLevel, undefined, undefined, { worker: index });
    process.on('uncaughtExceptionMonitor', (error) => {
      log.for('workers')('error', 'a fault of ours ends this worker', { reason: error.stack ?? String(error) });
    });
    await chooseTransport(config, log.for('traffic'));
    const accessLog = config.accessLog === '' ? null : await AccessLog.open(config.accessLog);
    this.#running = new Running(this.#channel, start, log, accessLog);
  }
}

/** A worker that has started. */
class Running {
  readonly #channel: WorkerChannel;
  readonly #index: number;
  readonly #log: LogWriter;
  readonly #plane: DataPlane;
  readonly #wants: WantsSender;
  readonly #reports: ReportSender;
  readonly #listeners = new Map<number, Listener>();
  #trustDomain = '';
  #applied = -1;
  #took = 0;
  #isTelling = false;

  constructor(
    channel: WorkerChannel,
    start: Extract<ToWorker, { readonly kind: 'start' }>,
    log: LogWriter,
    accessLog: AccessLog | null,
  ) {
    this.#channel = channel;
    this.#index = start.index;
    this.#log = log;
    this.#wants = new WantsSender((message) => channel.send(message));
    this.#plane = new DataPlane({
      config: start.config,
      log: log.for('traffic'),
      accessLog,
      limitShare: start.concurrency,
      want: (name) => this.#wants.want(name),
      release: (name) => this.#wants.release(name),
    });
    this.#plane.setConnected(start.isConnected);
    for (const name of start.remembered) this.#plane.target.remember(name);
    this.#reports = new ReportSender(this.#plane, (message) => channel.send(message));
    this.#reports.start();
  }

  async listen({ listener, plan, place }: Extract<ToWorker, { readonly kind: 'listener' }>): Promise<void> {
    this.#listeners.set(listener, await this.#plane.listen(plan, place));
  }

  carryOut(message: ToWorker, socket: Socket | null): void {
    const plane = this.#plane;
    switch (message.kind) {
      case 'start':
      case 'listener':
        break; // waited for above
      case 'identity':
        this.#trustDomain = message.identity.trustDomain;
        plane.useIdentity(message.identity);
        break;
      case 'connected':
        plane.setConnected(message.isConnected);
        break;
      case 'log-level':
        this.#log.level = message.level;
        break;
      case 'put':
        this.#put(message);
        this.#done(message.sequence);
        break;
      case 'absent':
        plane.target.absent(message);
        this.#done(message.sequence);
        break;
      case 'forget':
        plane.target.forget(message);
        this.#done(message.sequence);
        break;
      case 'barrier':
        this.#done(message.sequence);
        break;
      case 'remember':
        plane.target.remember(message.name);
        break;
      case 'connection':
        this.#took++;
        this.#tellSoon();
        // null: the client's end was gone before it could be handed over
        if (socket !== null) this.#listeners.get(message.listener)?.take(socket);
        break;
      case 'collect':
        this.#reports.collect(message.request, message.withDestinations);
        break;
      case 'report-taken':
        this.#reports.taken();
        break;
      case 'wants-taken':
        this.#wants.taken();
        break;
      case 'drain':
        plane.drain();
        break;
      case 'close':
        void this.#close(message.graceMs);
        break;
    }
  }

  /**
   * The main process has compiled the same bytes with the same code, so what goes wrong here is a fault of ours. It must cost
   * one resource: a worker that ended of it would be told the same again by the time that it has been replaced.
   */
  #put({ typeUrl, name, version, bytes }: Extract<ToWorker, { readonly kind: 'put' }>): void {
    try {
      const raw = { typeUrl, name, version, bytes: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
      const resource = parseResource(raw, this.#trustDomain, Date.now());
      if (typeof resource === 'string') throw new Error(resource);
      this.#plane.target.put(resource);
    } catch (error) {
      const reason = `worker ${this.#index}: ${(error as Error).message}`;
      this.#log.for('workers')('error', 'a worker cannot take a resource', { name, version, reason });
      this.#channel.send({ kind: 'refused', typeUrl, name, version, reason });
    }
  }

  #done(sequence: number): void {
    this.#applied = sequence;
    this.#tellSoon();
  }

  /** What was done in one turn of the event loop is told in one go. */
  #tellSoon(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    setImmediate(() => {
      this.#isTelling = false;
      if (this.#took > 0) this.#channel.send({ kind: 'took', connections: this.#took });
      this.#took = 0;
      if (this.#applied >= 0) this.#channel.send({ kind: 'applied', sequence: this.#applied });
      this.#applied = -1;
    });
  }

  /** Everything that was counted has been told when it ends. */
  async #close(graceMs: number): Promise<void> {
    await this.#plane.close(graceMs);
    await this.#reports.last();
    this.#channel.end();
  }
}

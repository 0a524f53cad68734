import type { ClusterStatus } from '../admin/clusters-page.ts';
import type { Carrier, CarrierCounters, CarrierFacts, ListenerPlan, OpenListener } from '../carrier.ts';
import type { Clock } from '../clock.ts';
import { systemClock } from '../clock.ts';
import type { ProxyConfig } from '../config.ts';
import type { Log, LogLevel } from '../log.ts';
import { memoryLimitBytes } from '../resilience/memory-limit.ts';
import { placeOf } from '../serve/listener-place.ts';
import type { ClusterCondition } from '../telemetry/cluster-condition.ts';
import { mergeConditions } from '../telemetry/cluster-condition.ts';
import { addCounts } from '../telemetry/counts-delta.ts';
import { EventLog } from '../telemetry/event-log.ts';
import { SeriesRegistry } from '../telemetry/series-registry.ts';
import { TcpRegistry } from '../telemetry/tcp-registry.ts';
import type { ClusterStats, DownstreamRequests, ListenerStats } from '../telemetry/traffic-stats.ts';
import type { MeshIdentity } from '../tls/mesh-identity.ts';
import type { ResourceName } from '../xds/delta-state.ts';
import { AcceptingSocket } from './accepting-socket.ts';
import { ConfigurationRelay } from './configuration-relay.ts';
import { HandOver } from './hand-over.ts';
import { mergeDestinations } from './merge-status.ts';
import type { FromWorker, ToWorker, WorkerReport } from './messages.ts';
import { MergedCounts, WorkerCounts } from './worker-counts.ts';
import { groupFacts } from './worker-facts.ts';
import type { WorkerProgram } from './worker-program.ts';
import { workerProgram } from './worker-program.ts';
import { WorkerSlot } from './worker-slot.ts';

export interface WorkerGroupOptions {
  readonly config: ProxyConfig;
  readonly log: Log;
  readonly logLevel: () => LogLevel;
  /** See `LiveObjects`. */
  want(name: ResourceName): void;
  release(name: ResourceName): void;
  readonly program?: WorkerProgram;
  readonly clock?: Clock;
}

/** A worker that has not answered a `collect` by then is reported as missing. */
const collectTimeoutMs = 1_000;
const tickMs = 1_000;
/** Beyond the grace for requests: the last report, and the end of the process. */
const farewellMs = 2_000;

/**
 * Several processes that carry the requests of one sidecar; this one accepts the connections, keeps what there is once (the
 * identity, the control plane, the ports), and adds up what they count.
 *
 * ```
 *                   ┌── AcceptingSocket ── HandOver ──┐ sockets, in turn
 *   main process    ├── ConfigurationRelay ───────────┤ put, absent, forget ──►  worker 0 … N-1: DataPlane
 *                   └── SeriesRegistry ◀── WorkerCounts ◀── reports, wants ──────┘
 * ```
 *
 * Every worker balances, pools connections and judges endpoints by itself; limits of a cluster are divided among them, rounded
 * up. Envoy's workers share these; here that would need a word between processes for each request.
 *
 * What a worker sends is bounded: one report and one list of wants at a time, each acknowledged before the next.
 */
export class WorkerGroup implements Carrier {
  readonly target: ConfigurationRelay;
  readonly registry = new SeriesRegistry();
  readonly connections = new TcpRegistry();
  readonly events = new EventLog();
  readonly listening: OpenListener[] = [];
  readonly failed: Promise<never>;
  readonly #options: WorkerGroupOptions;
  readonly #clock: Clock;
  readonly #slots: readonly WorkerSlot[];
  readonly #sockets: AcceptingSocket[] = [];
  readonly #handOver: HandOver;
  readonly #departed = new WorkerCounts();
  readonly #waitingForAnswers = new Set<() => void>();
  #fail: (error: Error) => void = () => {};
  #identity: MeshIdentity | null = null;
  #isConnected = false;
  #isDraining = false;
  #adminPort: number | null = null;
  #hasServed = false;
  #request = 0;
  #missing = 0;
  #refusedConnections = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(options: WorkerGroupOptions) {
    const { config, log, program = workerProgram(), clock = systemClock } = options;
    this.#options = options;
    this.#clock = clock;
    this.failed = new Promise((_resolve, reject) => {
      this.#fail = reject;
    });
    this.failed.catch(() => {}); // whoever does not look at it is not interested
    this.#handOver = new HandOver(() => this.#refusedConnections++);
    this.target = new ConfigurationRelay({
      broadcast: (message) => this.#broadcast(message),
      appliedByAll: () => this.#appliedByAll(),
      want: options.want,
      release: options.release,
      concurrency: config.concurrency,
      onForgotten: (cluster) => {
        for (const counts of this.#allCounts()) counts.forget(cluster);
      },
    });
    this.#slots = Array.from(
      { length: config.concurrency },
      (_value, index) =>
        new WorkerSlot({
          ...{ index, program, clock, log, logsToStdout: config.accessLog === '-' },
          introduction: (of) => this.#introduction(of),
          onMessage: (slot, message) => this.#receive(slot, message),
          onServing: (_slot, worker) => {
            this.#hasServed ||= this.#slots.every(({ isServing }) => isServing);
            this.#handOver.add(worker);
          },
          onEnd: (slot, worker) => {
            this.#handOver.remove(worker, worker.takeBack());
            this.#departed.addDeparted(slot.counts);
            this.#answered();
            this.target.settle();
          },
          onGivenUp: (reason) => this.#fail(new Error(reason)),
        }),
    );
  }

  start(adminPort: number): void {
    this.#adminPort = adminPort;
    for (const slot of this.#slots) slot.start();
    this.#timer = setInterval(() => this.#tick(), tickMs).unref();
  }

  get notReadyReason(): string | null {
    if (this.#slots.some(({ isServing }) => isServing) && this.#hasServed) return null;
    return this.#hasServed ? 'no worker is running' : 'the workers are starting';
  }

  /** Binds it here and now; workers serve what it accepts as soon as they run. */
  async open(plan: ListenerPlan): Promise<OpenListener> {
    const listener = this.#sockets.length;
    const accepting = await AcceptingSocket.listen(
      placeOf(plan, this.#options.config.advertise),
      (socket) => this.#handOver.offer({ listener, socket }),
      (error) => this.#options.log('warn', 'a connection cannot be accepted', { reason: error.message }),
    );
    this.#sockets.push(accepting);
    const { name, host, port } = accepting.place;
    const open = { plan, name, host, port };
    this.listening.push(open);
    this.#broadcast({ kind: 'listener', listener, plan, place: accepting.place });
    return open;
  }

  useIdentity(identity: MeshIdentity): void {
    this.#identity = onlyMeshIdentity(identity);
    this.#broadcast({ kind: 'identity', identity: this.#identity });
  }

  setConnected(isConnected: boolean): void {
    this.#isConnected = isConnected;
    this.#broadcast({ kind: 'connected', isConnected });
  }

  setLogLevel(level: LogLevel): void {
    this.#broadcast({ kind: 'log-level', level });
  }

  refresh(): Promise<void> {
    return this.#collect(false);
  }

  async destinations(): Promise<readonly ClusterStatus[]> {
    await this.#collect(true);
    return mergeDestinations(this.#slots.map(({ counts }) => counts.destinations));
  }

  conditions(): readonly ClusterCondition[] {
    return mergeConditions(this.#slots.flatMap(({ isServing, counts }) => (isServing ? counts.conditions : [])));
  }

  clusters(): Iterable<ClusterStats> {
    return new MergedCounts(this.#allCounts()).clusters();
  }

  listeners(): Iterable<ListenerStats> {
    return new MergedCounts(this.#allCounts()).listeners();
  }

  downstream(): readonly DownstreamRequests[] {
    return new MergedCounts(this.#allCounts()).downstream();
  }

  counters(): CarrierCounters {
    return new MergedCounts(this.#allCounts()).counters();
  }

  facts(): CarrierFacts {
    return {
      usage: new MergedCounts(this.#allCounts()).usage(),
      ...groupFacts({ slots: this.#slots, missing: this.#missing, refusedConnections: this.#refusedConnections }),
    };
  }

  drain(): void {
    this.#isDraining = true;
    this.#broadcast({ kind: 'drain' });
  }

  async close(graceMs: number): Promise<void> {
    for (const socket of this.#sockets) socket.close();
    await Promise.all(this.#slots.map((slot) => slot.stop(graceMs, graceMs + farewellMs)));
    this.#handOver.close();
    if (this.#timer !== null) clearInterval(this.#timer);
  }

  *#introduction(index: number): Iterable<ToWorker> {
    const { config, logLevel } = this.#options;
    yield {
      kind: 'start',
      index,
      concurrency: config.concurrency,
      config: { ...config, adminPort: this.#adminPort, joinToken: null, maxMemoryBytes: shareOfMemory(config) },
      logLevel: logLevel(),
      isConnected: this.#isConnected,
      remembered: this.target.heldBy(index),
    };
    if (this.#identity !== null) yield { kind: 'identity', identity: this.#identity };
    for (const [listener, { plan }] of this.listening.entries()) {
      const place = this.#sockets[listener]?.place;
      if (place !== undefined) yield { kind: 'listener', listener, plan, place };
    }
    yield* this.target.everything();
    if (this.#isDraining) yield { kind: 'drain' };
  }

  #receive(slot: WorkerSlot, message: FromWorker): void {
    switch (message.kind) {
      case 'applied':
        this.target.settle();
        break;
      case 'refused':
        this.target.refuse(message);
        break;
      case 'took':
        this.#handOver.pump();
        break;
      case 'wants':
        for (const name of message.wanted) {
          const known = this.target.hold(slot.index, name);
          if (known !== null) slot.worker?.send(known);
        }
        for (const name of message.released) this.target.letGo(slot.index, name);
        slot.worker?.send({ kind: 'wants-taken' });
        break;
      case 'report':
        this.#take(slot, message.report);
        slot.worker?.send({ kind: 'report-taken' });
        break;
    }
  }

  #take(slot: WorkerSlot, report: WorkerReport): void {
    addCounts(this.registry, report.counts);
    slot.counts.openConnections.add(this.connections, report.connections);
    this.registry.addDropped(report.droppedSeries);
    for (const event of report.events) this.events.add(event);
    this.events.addDropped(report.droppedEvents);
    slot.counts.take(report);
    if (report.answers === 0) return;
    slot.answered = report.answers;
    this.#answered();
  }

  /** Resolves when all have answered, and at the latest after a second. */
  #collect(withDestinations: boolean): Promise<void> {
    const request = ++this.#request;
    this.#broadcast({ kind: 'collect', request, withDestinations });
    const hasAll = () => this.#slots.every((slot) => !slot.isServing || slot.answered >= request);
    return new Promise((resolve) => {
      const finish = () => {
        cancel();
        this.#waitingForAnswers.delete(check);
        this.#missing = this.#slots.filter((slot) => !slot.isServing || slot.answered < request).length;
        resolve();
      };
      const check = () => {
        if (hasAll()) finish();
      };
      const cancel = this.#clock.after(collectTimeoutMs, finish);
      this.#waitingForAnswers.add(check);
      check();
    });
  }

  #answered(): void {
    for (const check of this.#waitingForAnswers) check();
  }

  #tick(): void {
    for (const slot of this.#slots) slot.tick();
    this.registry.sweep(performance.now());
    this.connections.sweep(performance.now());
  }

  #broadcast(message: ToWorker): void {
    for (const { worker } of this.#slots) worker?.send(message);
  }

  #appliedByAll(): number {
    const running = this.#slots.flatMap(({ worker }) => worker?.applied ?? []);
    return running.length === 0 ? -1 : Math.min(...running);
  }

  #allCounts(): WorkerCounts[] {
    return [...this.#slots.map(({ counts }) => counts), this.#departed];
  }
}

/** The identity as workers need it: of what the control plane told besides, nothing is sent. */
function onlyMeshIdentity(identity: MeshIdentity): MeshIdentity {
  const { id, trustDomain, certificateChainPem, privateKeyPem, trustBundlePem, expiresAtMs } = identity;
  return { id, trustDomain, certificateChainPem, privateKeyPem, trustBundlePem, expiresAtMs };
}

/** The memory that the sidecar may use is that of all its processes together. */
function shareOfMemory({ maxMemoryBytes, concurrency }: ProxyConfig): number {
  return Math.floor((maxMemoryBytes ?? memoryLimitBytes()) / (concurrency + 1));
}

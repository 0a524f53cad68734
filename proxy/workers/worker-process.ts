import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import type { AcceptedConnection, ConnectionTaker } from './hand-over.ts';
import type { FromWorker, ToWorker } from './messages.ts';
import { relayLines } from './relay-lines.ts';
import type { WorkerProgram } from './worker-program.ts';

export interface WorkerProcessOptions {
  readonly program: WorkerProgram;
  /** Its access log goes to our standard output. */
  readonly logsToStdout: boolean;
  onMessage(message: FromWorker): void;
  /** It has ended, and everything that it sent has been read. Called once. */
  onEnd(reason: string): void;
}

/** How often, and how many times, the channel of a process that has ended is looked at. */
const lookIntervalMs = 10;
const maxLooks = 100;

/**
 * One worker, seen from the main process.
 *
 * Nothing of its own is on its command line or in its environment: what it must know comes over the channel. When the
 * main process ends, however it does, the kernel closes the channel, and that ends the worker.
 */
export class WorkerProcess implements ConnectionTaker {
  /** Sequence number of the last message that it has carried out; -1 before the first. */
  applied = -1;
  /** Seconds since it was last heard. */
  silentTicks = 0;
  readonly #child: ChildProcess;
  readonly #options: WorkerProcessOptions;
  readonly #untaken: AcceptedConnection[] = [];
  #hasEnded = false;

  constructor(options: WorkerProcessOptions) {
    this.#options = options;
    const { file, execArgv } = options.program;
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('HEDDLE_'));
    this.#child = fork(file, [], {
      execArgv: [...execArgv],
      env: Object.fromEntries(inherited),
      stdio: ['ignore', options.logsToStdout ? 'pipe' : 'ignore', 'inherit', 'ipc'],
      serialization: 'advanced',
    });
    if (this.#child.stdout !== null) relayLines(this.#child.stdout, process.stdout);
    this.#child.on('message', (message) => {
      this.silentTicks = 0;
      this.#receive(message as FromWorker); // a worker of this very build sends nothing else
    });
    this.#child.on('error', (error) => {
      if (this.#child.pid === undefined) this.#ended(`it cannot be started: ${error.message}`);
    });
    this.#child.on('exit', (code, signal) => this.#exited(signal === null ? `exit code ${code}` : `signal ${signal}`));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get untaken(): number {
    return this.#untaken.length;
  }

  /** Does nothing once the worker is gone. */
  send(message: ToWorker): void {
    if (this.#child.connected) this.#child.send(message, ignoreLostMessage);
  }

  /** Our own handle is kept until the worker says that it has its own, so that a worker that ends loses none. */
  give(connection: AcceptedConnection): void {
    this.#untaken.push(connection);
    if (!this.#child.connected) return;
    const message: ToWorker = { kind: 'connection', listener: connection.listener };
    this.#child.send(message, connection.socket, { keepOpen: true }, ignoreLostMessage);
  }

  /** Connections that it was given and never took. */
  takeBack(): AcceptedConnection[] {
    return this.#untaken.splice(0);
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #receive(message: FromWorker): void {
    if (message.kind === 'took') {
      // its own handle keeps the connection open
      for (const { socket } of this.#untaken.splice(0, message.connections)) socket.destroy();
    }
    this.#options.onMessage(message);
  }

  /**
   * What it wrote before it ended is read first: then the channel is at its end. Node tells of that with an event, but
   * not where handles were on their way; so it is looked at.
   */
  #exited(reason: string): void {
    let looks = 0;
    const timer = setInterval(() => {
      if (this.#child.connected && ++looks < maxLooks) return;
      clearInterval(timer);
      this.#ended(reason);
    }, lookIntervalMs);
  }

  #ended(reason: string): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#options.onEnd(reason);
  }
}

/** The worker is gone; `onEnd` deals with that. */
function ignoreLostMessage(): void {}

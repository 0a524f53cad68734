import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect } from 'node:net';

/** Listens with the shortest queue there is, and says where. */
const program = `const server = require('node:net').createServer();
server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => console.log(server.address().port));`;

/** Connections that the kernel makes for a process which does not take them: one more than the queue is long. */
const QUEUED = 2;

/** A port at which connections are neither made nor refused: its process is stopped and its queue full, so SYNs are dropped. */
export class DeafPort {
  readonly port: number;
  readonly #process: ChildProcess;
  readonly #queued: readonly Socket[];

  private constructor(port: number, process: ChildProcess, queued: readonly Socket[]) {
    this.port = port;
    this.#process = process;
    this.#queued = queued;
  }

  static async open(): Promise<DeafPort> {
    const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [said] = (await once(child.stdout, 'data')) as [Buffer];
    const port = Number(said.toString());
    child.kill('SIGSTOP');
    const queued: Socket[] = [];
    for (let i = 0; i < QUEUED; i++) {
      const socket = connect({ host: '127.0.0.1', port });
      socket.on('error', () => {}); // when the process ends
      await once(socket, 'connect');
      queued.push(socket);
    }
    return new DeafPort(port, child, queued);
  }

  async close(): Promise<void> {
    for (const socket of this.#queued) socket.destroy();
    const gone = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await gone;
  }
}

import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { InstancePorts, Orders } from './instance.ts';

/** An instance of an application in a process of its own, that can be told to fail, be stopped, and be killed. */
export class InstanceProcess {
  readonly name: string;
  readonly ports: InstancePorts;
  readonly #child: ChildProcess;

  private constructor(name: string, ports: InstancePorts, child: ChildProcess) {
    this.name = name;
    this.ports = ports;
    this.#child = child;
  }

  static async start(name: string): Promise<InstanceProcess> {
    const child = fork(join(import.meta.dirname, 'instance.ts'), [name], {
      execArgv: ['--import', pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href],
    });
    const [ports] = (await once(child, 'message')) as [InstancePorts];
    return new InstanceProcess(name, ports, child);
  }

  order(orders: Orders): void {
    this.#child.send(orders);
  }

  /** SIGSTOP: the kernel goes on accepting connections, and nobody answers. */
  freeze(): void {
    this.#child.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child.kill('SIGCONT');
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }
}

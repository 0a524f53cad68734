import type { Socket } from 'node:net';
import type { Prober } from '../resilience/health-check/check-session.ts';
import type { TcpCheck } from '../resilience/health-check/health-check-settings.ts';
import type { CheckOutcome } from '../resilience/health-check/health-record.ts';
import { PayloadSearch } from './payload.ts';
import type { ProbeTarget } from './probe-target.ts';

/** Bytes of an answer that are kept to look for what is expected. */
const MAX_ANSWER_BYTES = 65_536;
/**
 * A connection of the mesh is accepted by the sidecar, which then connects to its application, and cuts it where nobody
 * listens: one that stays for as long leads to somebody.
 */
const MESH_STAYS_MS = 100;

/** Connects, says something where it is told to, and looks for what is expected. A connection for each check. */
export class TcpProber implements Prober {
  readonly loading = null;
  readonly #check: TcpCheck;
  readonly #target: ProbeTarget;

  constructor(check: TcpCheck, target: ProbeTarget) {
    this.#check = check;
    this.#target = target;
  }

  async check(signal: AbortSignal): Promise<CheckOutcome> {
    let socket: Socket | null = null;
    try {
      socket = await this.#target.connect('tcp', signal);
      await this.#exchange(socket, signal);
      return { kind: 'success' };
    } catch (error) {
      return { kind: 'network', reason: error instanceof Error ? error.message : String(error) };
    } finally {
      socket?.destroy();
    }
  }

  close(): void {}

  #exchange(socket: Socket, signal: AbortSignal): Promise<void> {
    const { send, receive } = this.#check;
    return new Promise((resolve, reject) => {
      const answer = new PayloadSearch(receive);
      socket.on('close', () => reject(new Error('the connection was closed')));
      socket.on('end', () => reject(new Error('the connection was ended')));
      signal.addEventListener('abort', () => reject(new Error('the check is over')));
      socket.on('data', (chunk) => {
        if (answer.take(chunk) && receive.length > 0) resolve();
        else if (answer.length > MAX_ANSWER_BYTES) reject(new Error('the answer is not what is expected'));
      });
      if (send !== null) socket.write(send);
      if (receive.length > 0) return;
      if (this.#target.isMeshed) setTimeout(resolve, MESH_STAYS_MS).unref();
      else resolve();
    });
  }
}

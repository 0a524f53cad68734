import { Agent, request as httpRequest } from 'node:http';
import type { Socket } from 'node:net';
import type { Plan } from './plan.ts';
import { BodyCheck, bodyPart, planPath } from './plan.ts';
import { breakOff } from './unreliable-upstream.ts';

/** What became of the exchanges of one way through the mesh. */
export class Tally {
  exchanges = 0;
  /** Went as planned, and were to be broken off. */
  brokenOff = 0;
  bytes = 0;
  /** Each in a few words; a run with any has failed. */
  readonly faults: string[] = [];
  readonly #say: (words: string) => void;

  constructor(say: (words: string) => void) {
    this.#say = say;
  }

  fault(words: string): void {
    this.faults.push(words);
    this.#say(`${new Date().toISOString()} ${words}`);
  }
}

/** Sends one exchange after another until `isOver` says so. Fulfils when the last one is done. */
export async function runClient(
  port: number,
  draw: () => Plan,
  pauseMs: number,
  isOver: () => boolean,
  tally: Tally,
): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  while (!isOver()) {
    const plan = draw();
    const fault = await exchange(agent, port, plan, tally);
    tally.exchanges++;
    if (plan.ending !== 'whole') tally.brokenOff++;
    if (fault !== null) tally.fault(`${fault} (${JSON.stringify(plan)})`);
    if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  agent.destroy();
}

/** What went wrong, or null: also where it was broken off as planned. */
function exchange(agent: Agent, port: number, plan: Plan, tally: Tally): Promise<string | null> {
  return new Promise((resolve) => {
    const { ending, seed, requestBytes, isRequestChunked, cutAfter, isReset } = plan;
    const check = new BodyCheck(seed);
    const isWhole = ending === 'whole';
    const path = planPath(plan);
    const request = httpRequest({ agent, host: '127.0.0.1', port, path, method: 'POST' });
    const cut = () => breakOff(request.socket as Socket, isReset); // it is connected: something was sent or came
    request.setHeader('host', 'web');
    if (!isRequestChunked) request.setHeader('content-length', requestBytes);
    // Broken off while the other end still sends: what is seen of it differs, and all of it is in order.
    request.on('error', (error) => resolve(isWhole ? `failed: ${error.message}` : null));
    request.on('close', () => resolve(isWhole ? 'closed without an answer' : null));
    request.on('response', (response) => {
      const isAnswer = response.statusCode === 200;
      response.on('error', (error) => resolve(isWhole ? `broken off: ${error.message}` : null));
      response.on('data', (chunk: Buffer) => {
        if (!isAnswer) return;
        check.take(chunk);
        tally.bytes += chunk.length;
        if (!check.isRight) resolve(`wrong bytes after ${check.bytes - chunk.length}`);
        if (ending === 'client-in-response' && check.bytes > cutAfter) cut();
      });
      response.on('end', () => {
        const fault = endFault(plan, response.statusCode ?? 0, check);
        resolve(fault && `${fault}, ${response.headers['x-heddle-reason'] ?? 'no reason'}`);
      });
    });
    if (ending === 'client-in-request') {
      request.write(bodyPart(seed, 0, cutAfter), cut);
      return;
    }
    request.end(bodyPart(seed, 0, requestBytes));
    tally.bytes += requestBytes;
  });
}

/** What is wrong with an answer that came to its end. */
function endFault({ ending, responseBytes }: Plan, status: number, check: BodyCheck): string | null {
  if (ending === 'whole' && status !== 200) return `answered ${status}`;
  if (status !== 200) return null;
  if (check.bytes !== responseBytes) return `looked complete with ${check.bytes} bytes`;
  if (ending === 'upstream-before-head' || ending === 'upstream-in-request') return 'answered by nobody';
  return null;
}

import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { get } from 'node:http';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import type { Stage } from './stage.ts';

const startLimitMs = 20_000;
const betweenTriesMs = 50;
const answerLimitMs = 2_000;

/**
 * Fulfils when a port of ours answers a path with status 200 and this body; null: any body.
 *
 * @throws Error with the last reason after 20 s, or as soon as a process of the stage has ended in failure
 */
export async function untilAnswers(port: number, path: string, body: string | null, stage: Stage): Promise<void> {
  const deadlineMs = performance.now() + startLimitMs;
  for (;;) {
    const reason = await whyWrong(port, path, body);
    if (reason === null) return;
    const failed = stage.firstFailed();
    if (failed !== null) throw new Error(`${failed.program} ended (${await failed.exited}): ${failed.lastWords()}`);
    if (performance.now() > deadlineMs) throw new Error(`no right answer within ${startLimitMs / 1000} s: ${reason}`);
    await delay(betweenTriesMs);
  }
}

/** What is wrong with the answer, or null. */
async function whyWrong(port: number, path: string, body: string | null): Promise<string | null> {
  try {
    const { status, text } = await answerOf(port, path);
    if (status !== 200) return `status ${status}: ${text.slice(0, 200)}`;
    return body === null || text === body ? null : `a body of ${text.length} bytes that is not the upstream's`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** One GET. Rejects when there is no answer within two seconds. */
export async function answerOf(
  port: number,
  path: string,
): Promise<{ readonly status: number; readonly text: string }> {
  const request = get({ host: '127.0.0.1', port, path, agent: false, signal: AbortSignal.timeout(answerLimitMs) });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const text = Buffer.concat(await response.toArray()).toString('latin1');
  return { status: response.statusCode ?? 0, text };
}

/**
 * Makes sure that the port between two hops gives nothing to strangers: neither in plaintext nor over TLS without a
 * certificate. A benchmark of mutual TLS that is not mutual would measure something else.
 *
 * @throws Error naming who was answered
 */
export async function assertRefusesStrangers(port: number, body: string): Promise<void> {
  const strangers = {
    plaintext: () => connect({ host: '127.0.0.1', port }),
    'TLS without a certificate': () => connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false }),
  };
  for (const [kind, call] of Object.entries(strangers)) {
    if ((await everythingSaid(call())).includes(body)) throw new Error(`the port between the hops answers ${kind}`);
  }
}

/** What a connection gives to one request until it closes or two seconds are over. */
async function everythingSaid(socket: Socket): Promise<string> {
  let text = '';
  socket.setEncoding('latin1').on('data', (data: string) => {
    text += data;
  });
  socket.on('error', () => {}); // being refused is what is hoped for
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.write('GET / HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n');
  const timer = setTimeout(() => socket.destroy(), answerLimitMs);
  await closed;
  clearTimeout(timer);
  return text;
}

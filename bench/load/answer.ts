import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { get } from 'node:http';
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http2';
import { connect as connectHttp2 } from 'node:http2';
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
export function untilAnswers(port: number, path: string, body: string | null, stage: Stage): Promise<void> {
  return untilRight(() => answerOf(port, path), body, stage);
}

/** The same in HTTP/2, in plaintext and with prior knowledge. */
export function untilAnswersHttp2(port: number, path: string, body: string | null, stage: Stage): Promise<void> {
  return untilRight(() => http2AnswerOf(port, { ':path': path }), body, stage);
}

/** The same for a unary call of gRPC that is answered with the message that it sends. */
export function untilAnswersCall(port: number, path: string, message: string, stage: Stage): Promise<void> {
  const call = { ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' };
  return untilRight(() => http2AnswerOf(port, call, message), message, stage);
}

async function untilRight(ask: () => Promise<Answer>, body: string | null, stage: Stage): Promise<void> {
  const deadlineMs = performance.now() + startLimitMs;
  for (;;) {
    const reason = await whyWrong(ask, body);
    if (reason === null) return;
    const failed = stage.firstFailed();
    if (failed !== null) throw new Error(`${failed.program} ended (${await failed.exited}): ${failed.lastWords()}`);
    if (performance.now() > deadlineMs) throw new Error(`no right answer within ${startLimitMs / 1000} s: ${reason}`);
    await delay(betweenTriesMs);
  }
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** What is wrong with the answer, or null. */
async function whyWrong(ask: () => Promise<Answer>, body: string | null): Promise<string | null> {
  try {
    const { status, text } = await ask();
    if (status !== 200) return `status ${status}: ${text.slice(0, 200)}`;
    return body === null || text === body ? null : `a body of ${text.length} bytes that is not the upstream's`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** One GET. Rejects when there is no answer within two seconds. */
export async function answerOf(port: number, path: string): Promise<Answer> {
  const request = get({ host: '127.0.0.1', port, path, agent: false, signal: AbortSignal.timeout(answerLimitMs) });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const text = Buffer.concat(await response.toArray()).toString('latin1');
  return { status: response.statusCode ?? 0, text };
}

/** One request in HTTP/2. Rejects as the other does. */
async function http2AnswerOf(port: number, headers: OutgoingHttpHeaders, body = ''): Promise<Answer> {
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  const broken = new Promise<never>((_resolve, reject) => {
    session.once('error', reject);
    session.once('close', () => reject(new Error('the connection was closed')));
  });
  try {
    const stream = session.request(headers, { endStream: false, signal: AbortSignal.timeout(answerLimitMs) });
    stream.end(body, 'latin1');
    const [answered] = (await Promise.race([once(stream, 'response'), broken])) as [IncomingHttpHeaders];
    const chunks = (await Promise.race([stream.toArray(), broken])) as Buffer[];
    return { status: Number(answered[':status'] ?? 0), text: Buffer.concat(chunks).toString('latin1') };
  } finally {
    broken.catch(() => {}); // closing it ourselves is no failure
    session.destroy();
  }
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

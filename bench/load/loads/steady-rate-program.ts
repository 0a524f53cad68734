/**
 * `node steady-rate-program.js <JSON>`: so many requests per second, evenly spaced, whether earlier ones have been
 * answered or not (open loop), and prints a report.
 *
 * A request's time counts from the moment it was due, not from when it could be sent: one that finds every connection
 * busy waits, and its waiting is part of its time. Otherwise a proxy that stalls would be asked less while it stalls and
 * look better for it ("coordinated omission").
 *
 * Node's timers keep whole milliseconds. A thread of its own, asleep between due times to some ten microseconds, sets
 * the pace; what its message takes is the same in front of every proxy.
 */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { Worker } from 'node:worker_threads';
import { AnswerReader } from './answer-reader.ts';
import { printReport } from './program-report.ts';

export interface SteadyRateOptions {
  readonly port: number;
  readonly path: string;
  readonly connections: number;
  readonly requestsPerSecond: number;
  readonly durationMs: number;
}

/** What is still unanswered this long after the last request was due has failed. */
const answerLimitMs = 5_000;

/** One clock for both threads, in milliseconds. */
const nowMs = () => Number(process.hrtime.bigint()) / 1e6;

/** The thread that keeps pace. As text, because a thread of its own takes no TypeScript. */
const pacerProgram = `
  const { parentPort, workerData } = require('node:worker_threads');
  const { startMs, everyMs, count } = workerData;
  const neverChanged = new Int32Array(new SharedArrayBuffer(4));
  for (let sent = 0; sent < count; sent += 1) {
    const waitMs = startMs + sent * everyMs - Number(process.hrtime.bigint()) / 1e6;
    if (waitMs > 0) Atomics.wait(neverChanged, 0, 0, waitMs);
    parentPort.postMessage(sent);
  }`;

await main(JSON.parse(process.argv[2] ?? '{}') as SteadyRateOptions); // written by the load of the same build

async function main({ port, path, connections, requestsPerSecond, durationMs }: SteadyRateOptions): Promise<void> {
  const request = `GET ${path} HTTP/1.1\r\nHost: bench\r\n\r\n`;
  const everyMs = 1000 / requestsPerSecond;
  const count = Math.round(durationMs / everyMs);
  const latenciesMs: number[] = [];
  const counts = { badAnswers: 0, socketErrors: 0, bodyBytes: 0, resumed: 0 };
  const idle: Socket[] = [];
  const waiting: number[] = [];
  const dueMs = new Map<Socket, number>();
  let settle = () => {};

  const send = (socket: Socket, due: number) => {
    dueMs.set(socket, due);
    socket.write(request);
  };
  const open = async () => {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    await once(socket, 'connect');
    const reader = new AnswerReader();
    socket.on('data', (bytes) => {
      if (!reader.take(bytes)) return;
      const due = dueMs.get(socket);
      if (due === undefined || reader.status !== 200) counts.badAnswers += 1;
      if (due !== undefined) latenciesMs.push(nowMs() - due);
      counts.bodyBytes += reader.bodyBytes;
      dueMs.delete(socket);
      const next = waiting.shift();
      if (next === undefined) idle.push(socket);
      else send(socket, next);
      if (latenciesMs.length === count) settle();
    });
    socket.on('error', () => {}); // 'close' follows
    socket.on('close', () => {
      counts.socketErrors += 1;
      settle();
    });
    idle.push(socket);
  };
  for (let opened = 0; opened < connections; opened += 1) await open();

  const settled = new Promise<void>((resolve) => {
    settle = resolve;
  });
  const startMs = nowMs() + 100; // the thread has to start
  const pacer = new Worker(pacerProgram, { eval: true, execArgv: [], workerData: { startMs, everyMs, count } });
  pacer.on('message', (sent: number) => {
    const due = startMs + sent * everyMs;
    const socket = idle.shift(); // the one that has been idle longest, so that all take part
    if (socket === undefined) waiting.push(due);
    else send(socket, due);
  });
  const giveUp = setTimeout(() => settle(), durationMs + answerLimitMs);
  await settled;
  clearTimeout(giveUp);
  counts.badAnswers += count - latenciesMs.length;
  printReport(latenciesMs, { ...counts, seconds: (nowMs() - startMs) / 1000 });
  process.exit(0);
}

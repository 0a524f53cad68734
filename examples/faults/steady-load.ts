import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Agent, request as httpRequest } from 'node:http';
import type { ClientHttp2Session } from 'node:http2';
import { connect as connectHttp2 } from 'node:http2';
import { setTimeout as pause } from 'node:timers/promises';
import { Metadata } from '@grpc/grpc-js';
import type { EchoClient, Line } from '../grpc/echo.ts';
import { echoClient } from '../grpc/echo.ts';

/** What was done in one way, and what of it failed. */
export interface Tally {
  done: number;
  readonly failures: string[];
}

const PACE_MS = 5;
/** Lines that a stream of gRPC says, and how long it takes over them: it is open longer than any call. */
const CHAT_LINES = 20;
const CHAT_PACE_MS = 100;
/** What takes longer has hung. */
const LIMIT_MS = 30_000;

/**
 * Clients that call without a pause over the connections that they have: HTTP/1 and HTTP/2, calls that may be repeated and
 * calls that may not, and streams that last two seconds. They repeat nothing by themselves.
 */
export class SteadyLoad {
  readonly tallies = new Map<string, Tally>();
  readonly #http: number;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 4 });
  readonly #grpc: EchoClient;
  #http2: ClientHttp2Session;
  #isOver = false;
  readonly #loops: Promise<void>[];

  constructor(ports: { readonly http: number; readonly grpc: number }) {
    this.#http = ports.http;
    this.#grpc = echoClient(`127.0.0.1:${ports.grpc}`, { 'grpc.enable_retries': 0 });
    this.#http2 = this.#connectHttp2();
    this.#loops = [
      this.#repeat('GET', () => this.#overHttp1('GET')),
      this.#repeat('GET', () => this.#overHttp1('GET')),
      this.#repeat('POST', () => this.#overHttp1('POST')),
      this.#repeat('HTTP/2 GET', () => this.#overHttp2('GET')),
      this.#repeat('HTTP/2 POST', () => this.#overHttp2('POST')),
      this.#repeat('gRPC', () => this.#say()),
      this.#repeat('gRPC', () => this.#say()),
      ...Array.from({ length: 3 }, () => this.#repeat('gRPC stream', () => this.#chat())),
    ];
  }

  /** Calls that are under way at a time. */
  get clients(): number {
    return this.#loops.length;
  }

  /** All failures, each with its kind. */
  get failures(): string[] {
    return [...this.tallies].flatMap(([name, { failures }]) => failures.map((failure) => `${name}: ${failure}`));
  }

  /** Each kind has been done once more. */
  async turn(): Promise<void> {
    const before = new Map([...this.tallies].map(([name, { done }]) => [name, done]));
    const hasTurned = () => [...this.tallies].every(([name, { done }]) => done > (before.get(name) ?? 0));
    const until = Date.now() + LIMIT_MS;
    while (!hasTurned()) {
      if (Date.now() > until) throw new Error(`not everything can be done any more: ${this.failures.slice(-5)}`);
      await pause(PACE_MS);
    }
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#loops);
    this.#agent.destroy();
    this.#grpc.close();
    this.#http2.destroy();
  }

  async #repeat(name: string, act: () => Promise<void>): Promise<void> {
    const tally = this.tallies.get(name) ?? { done: 0, failures: [] };
    this.tallies.set(name, tally);
    while (!this.#isOver) {
      try {
        await act();
        tally.done++;
      } catch (error) {
        tally.failures.push((error as Error).message);
      }
      await pause(PACE_MS);
    }
  }

  async #overHttp1(method: string): Promise<void> {
    const body = method === 'POST' ? 'x'.repeat(1000) : '';
    const headers = { 'content-length': body.length };
    const request = httpRequest({ port: this.#http, agent: this.#agent, method, headers, timeout: LIMIT_MS });
    request.on('timeout', () => request.destroy(new Error('hung')));
    request.end(body);
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    let text = '';
    for await (const chunk of response) text += chunk;
    requireAnswer(response.statusCode, text);
  }

  async #overHttp2(method: string): Promise<void> {
    if (this.#http2.closed || this.#http2.destroyed) this.#http2 = this.#connectHttp2();
    const stream = this.#http2.request({ ':method': method, ':authority': 'cart', ':path': '/' });
    stream.setTimeout(LIMIT_MS, () => stream.destroy(new Error('hung')));
    if (method === 'POST') stream.end('x'.repeat(1000));
    const [headers] = (await once(stream, 'response')) as [{ ':status'?: number }];
    let text = '';
    for await (const chunk of stream) text += chunk;
    requireAnswer(headers[':status'], text);
  }

  #connectHttp2(): ClientHttp2Session {
    const session = connectHttp2(`http://127.0.0.1:${this.#http}`);
    session.on('error', () => {}); // told by its streams
    return session;
  }

  #say(): Promise<void> {
    return new Promise((resolve, reject) => {
      const deadline = Date.now() + LIMIT_MS;
      this.#grpc.say({ text: 'x' }, new Metadata(), { deadline }, (error) => (error ? reject(error) : resolve()));
    });
  }

  async #chat(): Promise<void> {
    const call = this.#grpc.chat();
    const heard: Line[] = [];
    const over = new Promise<void>((resolve, reject) => {
      call.on('data', (line: Line) => heard.push(line));
      call.on('error', reject);
      call.on('end', resolve);
    });
    over.catch(() => {}); // awaited below
    for (let count = 1; count <= CHAT_LINES; count++) {
      call.write({ text: 'x', count });
      await pause(CHAT_PACE_MS);
    }
    call.end();
    await over;
    if (heard.length !== CHAT_LINES) throw new Error(`${heard.length} of ${CHAT_LINES} lines`);
  }
}

/** What the application of these tests answers. */
export const ANSWER = 'cart'.repeat(500);

function requireAnswer(status: number | undefined, text: string): void {
  if (status !== 200) throw new Error(`${status} ${text.slice(0, 200)}`);
  if (text !== ANSWER) throw new Error(`an answer of ${text.length} bytes`);
}

import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Agent, request as httpRequest } from 'node:http';
import type { ClientHttp2Session } from 'node:http2';
import { connect as connectHttp2 } from 'node:http2';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { Metadata } from '@grpc/grpc-js';
import { WebSocket } from 'ws';
import type { EchoClient, Line } from '../grpc/echo.ts';
import { echoClient } from '../grpc/echo.ts';

/** Local ports at which the caller's sidecar takes each protocol. */
export interface LoadPorts {
  readonly http: number;
  readonly http2: number;
  readonly grpc: number;
  readonly tcp: number;
}

const PACE_MS = 20;
/** Nothing here takes long; what does has hung. */
const LIMIT_MS = 10_000;

/**
 * Clients that do what clients do, over connections that they keep and over new ones, and know what they must get back.
 *
 * Everything that is not exactly right is an error: a status, a body, a reset, an end that was not asked for.
 */
export class NormalLoad {
  readonly errors: string[] = [];
  readonly done = new Map<string, number>();
  readonly #ports: LoadPorts;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 8 });
  readonly #grpc: EchoClient;
  #http2: ClientHttp2Session;
  #isOver = false;
  #loops: Promise<void>[] = [];

  constructor(ports: LoadPorts) {
    this.#ports = ports;
    this.#grpc = echoClient(`127.0.0.1:${ports.grpc}`);
    this.#http2 = this.#connectHttp2();
  }

  start(): void {
    this.#loops = [
      this.#repeat('GET', (i) => this.#http(`GET`, `/${i}`, '')),
      this.#repeat('POST', (i) => this.#http('POST', `/${i}`, 'x'.repeat((i % 7) * 20_000))),
      this.#repeat('HTTP/2', (i) => this.#overHttp2('y'.repeat(1 + (i % 5) * 30_000))),
      this.#repeat('gRPC call', (i) => this.#say(`call ${i}`)),
      this.#keep('gRPC stream', () => this.#chat()),
      this.#keep('WebSocket', () => this.#webSocket()),
      this.#repeat('new WebSocket', async () => {
        const socket = await this.#webSocket();
        await socket.ask('hello');
        socket.close();
      }),
      this.#keep('TCP', () => this.#tcp()),
      this.#repeat('new TCP', async (i) => {
        const socket = await this.#tcp();
        await socket.ask('z'.repeat(1 + (i % 3) * 50_000));
        socket.close();
      }),
    ];
  }

  /** How often everything was done, in all. */
  get total(): number {
    return [...this.done.values()].reduce((sum, count) => sum + count, 0);
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#loops);
    this.#agent.destroy();
    this.#grpc.close();
    this.#http2.close();
  }

  async #repeat(what: string, once: (index: number) => Promise<void>): Promise<void> {
    for (let i = 0; !this.#isOver; i++) {
      await this.#attempt(what, () => once(i));
      await pause(PACE_MS);
    }
  }

  /** Speaks over one connection for as long as it lasts, which is until the end. */
  async #keep(what: string, open: () => Promise<Conversation>): Promise<void> {
    while (!this.#isOver) {
      let conversation: Conversation | null = null;
      const isOpen = await this.#attempt(`open ${what}`, async () => {
        conversation = await open();
      });
      for (let i = 0; isOpen && !this.#isOver; i++) {
        const isFine = await this.#attempt(what, async () => conversation?.ask(`message ${i}`));
        if (!isFine) break;
        await pause(PACE_MS);
      }
      (conversation as Conversation | null)?.close();
      if (!isOpen) await pause(PACE_MS);
    }
  }

  async #attempt(what: string, action: () => Promise<void>): Promise<boolean> {
    const limit = new AbortController();
    try {
      const late = pause(LIMIT_MS, null, { signal: limit.signal }).then(() => {
        throw new Error(`no end after ${LIMIT_MS} ms`);
      });
      late.catch(() => {}); // where it is not late it is aborted
      await Promise.race([action(), late]);
      this.done.set(what, (this.done.get(what) ?? 0) + 1);
      return true;
    } catch (error) {
      if (this.errors.length < 100) this.errors.push(`${what}: ${error instanceof Error ? error.message : error}`);
      return false;
    } finally {
      limit.abort();
    }
  }

  async #http(method: string, path: string, body: string): Promise<void> {
    const request = httpRequest({ host: '127.0.0.1', port: this.#ports.http, agent: this.#agent, method, path });
    request.end(body);
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    const text = Buffer.concat(await response.toArray()).toString('latin1');
    assertSame(`${response.statusCode} ${text}`, `200 ${body}`);
  }

  async #overHttp2(body: string): Promise<void> {
    if (this.#http2.closed || this.#http2.destroyed) this.#http2 = this.#connectHttp2();
    const stream = this.#http2.request({ ':method': 'POST', ':path': '/' });
    stream.end(body);
    const [headers] = await once(stream, 'response');
    const text = Buffer.concat(await stream.toArray()).toString('latin1');
    if (stream.rstCode !== 0) throw new Error(`reset ${stream.rstCode}`);
    assertSame(`${headers[':status']} ${text}`, `200 ${body}`);
  }

  #connectHttp2(): ClientHttp2Session {
    const session = connectHttp2(`http://127.0.0.1:${this.#ports.http2}`);
    session.on('error', (error) => this.errors.push(`HTTP/2 session: ${error.message}`));
    return session;
  }

  async #say(text: string): Promise<void> {
    const line = await new Promise<Line | undefined>((resolve, reject) => {
      this.#grpc.say({ text }, new Metadata(), {}, (error, answer) => (error ? reject(error) : resolve(answer)));
    });
    assertSame(line?.text ?? '', text);
  }

  async #chat(): Promise<Conversation> {
    const chat = this.#grpc.chat();
    return new Conversation(
      (text) => void chat.write({ text }),
      (onText, onEnd) => {
        chat.on('data', (line: Line) => onText(line.text));
        chat.on('error', onEnd);
        chat.on('end', () => onEnd(new Error('the stream ended')));
      },
      () => void chat.end(),
    );
  }

  async #webSocket(): Promise<Conversation> {
    const socket = new WebSocket(`ws://127.0.0.1:${this.#ports.http}/socket`);
    await once(socket, 'open');
    return new Conversation(
      (text) => socket.send(text),
      (onText, onEnd) => {
        socket.on('message', (data) => onText(data.toString()));
        socket.on('error', onEnd);
        socket.on('close', (code) => onEnd(new Error(`closed with ${code}`)));
      },
      () => socket.close(),
    );
  }

  async #tcp(): Promise<Conversation> {
    const socket: Socket = connect(this.#ports.tcp, '127.0.0.1');
    await once(socket, 'connect');
    socket.setEncoding('latin1');
    return new Conversation(
      (text) => void socket.write(text),
      (onText, onEnd) => {
        socket.on('data', (text: string) => onText(text));
        socket.on('error', onEnd);
        socket.on('close', () => onEnd(new Error('closed')));
      },
      () => void socket.end(),
    );
  }
}

/** Question and answer over one connection: what is sent comes back. */
class Conversation {
  readonly #send: (text: string) => void;
  readonly #close: () => void;
  #got = '';
  #failure: Error | null = null;
  #wake: () => void = () => {};

  constructor(
    send: (text: string) => void,
    listen: (onText: (text: string) => void, onEnd: (error: Error) => void) => void,
    close: () => void,
  ) {
    this.#send = send;
    this.#close = close;
    listen(
      (text) => {
        this.#got += text;
        this.#wake();
      },
      (error) => {
        this.#failure ??= error;
        this.#wake();
      },
    );
  }

  async ask(text: string): Promise<void> {
    this.#got = '';
    if (this.#failure === null) this.#send(text);
    while (this.#got.length < text.length && this.#failure === null) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#failure !== null) throw this.#failure;
    assertSame(this.#got, text);
  }

  close(): void {
    this.#close();
  }
}

function assertSame(actual: string, expected: string): void {
  if (actual === expected) return;
  throw new Error(`${JSON.stringify(actual.slice(0, 300))}, not ${JSON.stringify(expected.slice(0, 80))}`);
}

import type { DownstreamStream, RequestHead, RequestReceiver } from '../../message-head.ts';
import { ResponseHead } from '../../message-head.ts';
import type { Http2Limits } from '../http2-limits.ts';
import { defaultHttp2Limits } from '../http2-limits.ts';
import type { Http2ServerConnectionOptions } from '../server-connection.ts';
import { Http2ServerConnection } from '../server-connection.ts';
import { FakeTransport } from './fake-transport.ts';
import type { ReadFrame } from './wire.ts';
import { BlockReader, describeFrame, PREFACE, ping, readFrames, settings, settingsAck } from './wire.ts';

/** What a receiver was told, and the stream to answer on. */
export class ScriptedReceiver implements RequestReceiver {
  readonly stream: DownstreamStream;
  readonly #server: ScriptedServer;
  head: RequestHead | null = null;
  body = '';

  constructor(server: ScriptedServer, stream: DownstreamStream) {
    this.#server = server;
    this.stream = stream;
  }

  onRequest(head: RequestHead): void {
    this.head = head;
    this.body = head.body;
    const { method, path, isComplete, body } = head;
    this.#server.events.push(
      `request ${method} ${path}${body === '' ? '' : ` +${body.length}`}${isComplete ? '.' : ''}`,
    );
    this.#server.onRequest?.(this);
    if (isComplete) this.#server.onWhole?.(this);
  }

  onRequestBody(buffer: Buffer, start: number, end: number): void {
    this.body += buffer.toString('latin1', start, end);
    this.#server.events.push(`body ${end - start}`);
    this.#server.onBody?.(this);
  }

  onRequestEnd(trailers: string): void {
    this.#server.events.push(`end${trailers === '' ? '' : ` ${trailers.replaceAll('\r\n', '|')}`}`);
    this.#server.onWhole?.(this);
  }

  onDownstreamDrain(): void {
    this.#server.events.push('drain');
    this.#server.onDrain?.(this);
  }

  onDownstreamReset(): void {
    this.#server.events.push('reset');
  }

  onSweep(): void {}

  /** Answers with a status, lines and a whole body. */
  answer(status = 200, body = '', lines = ''): void {
    const head = responseHead(status, lines);
    head.body = body;
    head.isComplete = true;
    this.stream.sendResponse(head, head.block);
    this.stream.endResponse('');
  }

  /** Begins an answer whose body is sent piece by piece. */
  begin(): void {
    const head = responseHead(200, '');
    head.framing = 'stream';
    this.stream.sendResponse(head, head.block);
  }

  send(bytes: Buffer): boolean {
    return this.stream.sendResponseBody(bytes, 0, bytes.length, true);
  }
}

export function responseHead(status: number, lines: string): ResponseHead {
  const head = new ResponseHead();
  head.status = status;
  head.block = lines;
  return head;
}

/** A server connection whose client is the test. */
export class ScriptedServer {
  readonly transport = new FakeTransport();
  readonly connection: Http2ServerConnection;
  readonly events: string[] = [];
  readonly receivers: ScriptedReceiver[] = [];
  readonly refused: string[] = [];
  readonly clock = { nowMs: 1000 };
  isClosed = false;
  onRequest: ((receiver: ScriptedReceiver) => void) | null = null;
  /** The request is complete. */
  onWhole: ((receiver: ScriptedReceiver) => void) | null = null;
  onBody: ((receiver: ScriptedReceiver) => void) | null = null;
  onDrain: ((receiver: ScriptedReceiver) => void) | null = null;
  readonly #blocks = new BlockReader();

  constructor(limits: Partial<Http2Limits> = {}, options: Partial<Http2ServerConnectionOptions> = {}) {
    this.connection = new Http2ServerConnection(this.transport, {
      trust: 'application',
      clock: this.clock,
      limits: { ...defaultHttp2Limits, ...limits },
      accept: (stream) => {
        const receiver = new ScriptedReceiver(this, stream);
        this.receivers.push(receiver);
        return receiver;
      },
      describe: () => ({ lines: '', body: 'refused' }),
      onRefused: (failure) => this.refused.push(failure),
      onClosed: () => {
        this.isClosed = true;
      },
      ...options,
    });
  }

  /** Exchanges prefaces; what the server said is dropped. */
  async start(clientSettings = settings()): Promise<this> {
    this.transport.receive(Buffer.concat([PREFACE, clientSettings, settingsAck()]));
    await this.frames();
    return this;
  }

  /** The client sends, each buffer in a read of its own. */
  send(...parts: readonly Buffer[]): void {
    for (const part of parts) this.transport.receive(part);
  }

  /** All frames that were written since the last call. */
  async frames(): Promise<ReadFrame[]> {
    // what is made outside of a read event is sent when the stack is empty, and what is resumed one step later
    for (let i = 0; i < 4; i++) await Promise.resolve();
    return readFrames(this.transport.take());
  }

  async said(): Promise<string[]> {
    return (await this.frames()).map((frame) => describeFrame(frame, this.#blocks));
  }

  /** Whether the connection still works: it answers a PING. */
  async isAlive(): Promise<boolean> {
    this.send(ping('isalive?'));
    return (await this.said()).includes('PING ACK');
  }

  /** Lets time pass and has the connection look at it. */
  pass(ms: number): void {
    this.clock.nowMs += ms;
    this.connection.sweep(this.clock.nowMs);
  }
}

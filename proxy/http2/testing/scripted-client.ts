import type { ResponseHead, ResponseReceiver, UpstreamStream } from '../../message-head.ts';
import { OutgoingRequest } from '../../message-head.ts';
import { Http2ClientConnection } from '../client-connection.ts';
import type { Http2Limits } from '../http2-limits.ts';
import { defaultHttp2Limits } from '../http2-limits.ts';
import type { Http2KeepAlive } from '../peer-liveness.ts';
import { FakeTransport } from './fake-transport.ts';
import type { Fields, ReadFrame } from './wire.ts';
import {
  BlockReader,
  block,
  describeFrame,
  END_HEADERS,
  END_STREAM,
  frame,
  ping,
  readFrames,
  settings,
} from './wire.ts';

/** One exchange, and what it was told. */
export class ScriptedExchange implements ResponseReceiver {
  readonly stream: UpstreamStream;
  readonly events: string[] = [];
  body = '';
  /** Gives the stream back with the last byte, as whoever works on a request does. */
  releasesAtEnd = true;

  constructor(stream: UpstreamStream) {
    this.stream = stream;
  }

  onResponse(head: ResponseHead): void {
    const { status, body, isComplete, framing } = head;
    const kind = framing === 'tunnel' ? ' tunnel' : '';
    this.events.push(`response ${status}${body === '' ? '' : ` +${body.length}`}${isComplete ? '.' : ''}${kind}`);
    this.body = body;
    if (isComplete && this.releasesAtEnd) this.stream.release();
  }

  onInterimResponse(head: ResponseHead): void {
    this.events.push(`interim ${head.status}`);
  }

  onResponseBody(buffer: Buffer, start: number, end: number): void {
    this.body += buffer.toString('latin1', start, end);
    this.events.push(`body ${end - start}`);
  }

  onResponseEnd(trailers: string): void {
    this.events.push(`end${trailers === '' ? '' : ` ${trailers.replaceAll('\r\n', '|')}`}`);
    if (this.releasesAtEnd) this.stream.release();
  }

  onUpstreamDrain(): void {
    this.events.push('drain');
  }

  onUpstreamFailure(failure: string): void {
    this.events.push(`failure ${failure}`);
  }
}

export function outgoing(fields: Partial<OutgoingRequest> = {}): OutgoingRequest {
  const request = new OutgoingRequest();
  return Object.assign(request, { method: 'GET', path: '/', block: 'host: example.com\r\n' }, fields);
}

export const answerHeaders = (id: number, status: number, fields: Fields = [], flags = END_HEADERS) =>
  frame(1, flags, id, block([[':status', String(status)], ...fields]));
export const wholeAnswer = (id: number, status = 204) => answerHeaders(id, status, [], END_HEADERS | END_STREAM);

/** A client connection whose server is the test. */
export class ScriptedClient {
  readonly transport = new FakeTransport();
  readonly connection: Http2ClientConnection;
  readonly clock = { nowMs: 1000 };
  readonly log: string[] = [];
  readonly #blocks = new BlockReader();

  constructor(limits: Partial<Http2Limits> = {}, keepAlive: Http2KeepAlive | null = null) {
    const owner = {
      onConnectionReady: () => this.log.push('ready'),
      onStreamsFreed: () => {},
      onConnectionClosed: () => this.log.push('closed'),
    };
    this.connection = new Http2ClientConnection(this.transport, owner, {
      clock: this.clock,
      limits: { ...defaultHttp2Limits, ...limits },
      keepAlive,
    });
  }

  /** Exchanges prefaces; what the client said is dropped. */
  async start(serverSettings = settings()): Promise<this> {
    this.send(serverSettings);
    await this.frames();
    return this;
  }

  send(...parts: readonly Buffer[]): void {
    for (const part of parts) this.transport.receive(part);
  }

  /** Begins an exchange. */
  ask(fields: Partial<OutgoingRequest> = {}): ScriptedExchange {
    const exchange = new ScriptedExchange(this.connection.lend());
    exchange.stream.send(exchange, outgoing(fields));
    return exchange;
  }

  async frames(): Promise<ReadFrame[]> {
    for (let i = 0; i < 4; i++) await Promise.resolve();
    return readFrames(this.transport.take());
  }

  async said(): Promise<string[]> {
    return (await this.frames()).map((read) => describeFrame(read, this.#blocks));
  }

  async isAlive(): Promise<boolean> {
    this.send(ping('isalive?'));
    return (await this.said()).includes('PING ACK');
  }
}

import type { Buffer } from 'node:buffer';
import type { DownstreamStream, RequestHead, RequestReceiver, ResponseReceiver } from '../../message-head.ts';
import { OutgoingRequest, ResponseHead } from '../../message-head.ts';
import { CoarseClock } from '../../transport/coarse-clock.ts';
import { ClientConnection } from '../client-connection.ts';
import { ServerConnection } from '../server-connection.ts';
import { RecordingTransport } from './recording-transport.ts';

/** Answers every request when it is whole; keeps what it got. A request that was cut off is forgotten. */
class Application implements RequestReceiver {
  readonly requests: string[] = [];
  stream!: DownstreamStream;
  #present = '';

  onRequest(head: RequestHead): void {
    const { method, path, authority, block, framing, contentLength, upgrade, keepAlive } = head;
    this.#present = JSON.stringify([method, path, authority, block, framing, contentLength, upgrade, keepAlive]);
    this.#present += head.body;
    head.upgrade = ''; // not taken up: what follows are requests, whether they came before the answer or after it
    if (head.isComplete) this.#answer();
  }

  onRequestBody(buffer: Buffer, start: number, end: number): void {
    this.#present += buffer.toString('latin1', start, end);
  }

  onRequestEnd(): void {
    this.#answer();
  }

  #answer(): void {
    this.requests.push(this.#present);
    const head = new ResponseHead();
    head.status = 204;
    head.isComplete = true;
    this.stream.sendResponse(head, '');
    this.stream.endResponse('');
  }

  onDownstreamDrain(): void {}

  onDownstreamReset(): void {
    this.#present = '';
  }

  onSweep(): void {}
}

/** What a server connection makes of these bytes: requests, answers, and whether it goes on. */
export function serve(bytes: Buffer, cuts: readonly number[]) {
  const transport = new RecordingTransport();
  const refused: string[] = [];
  const connection = new ServerConnection(transport, {
    trust: 'application',
    clock: new CoarseClock(() => 0),
    describe: () => ({ lines: '', body: '' }),
    onRefused: (failure) => refused.push(failure),
    onClosed() {},
  });
  const application = new Application();
  application.stream = connection;
  connection.setReceiver(application);
  transport.deliver(bytes, cuts);
  return { requests: application.requests, written: transport.written, refused, isClosed: transport.isClosed };
}

/** Keeps the answer; one that was cut off is only that, since how much of it was there depends on the cuts. */
class Caller implements ResponseReceiver {
  interims: string[] = [];
  answer = '';
  isWhole = false;
  hasFailed = false;

  onResponse(head: ResponseHead): void {
    this.answer = JSON.stringify([head.status, head.reason, head.block, head.framing, head.contentLength]) + head.body;
    this.isWhole = head.isComplete;
  }

  onInterimResponse(head: ResponseHead): void {
    this.interims.push(`${head.status} ${head.block}`);
  }

  onResponseBody(buffer: Buffer, start: number, end: number): void {
    this.answer += buffer.toString('latin1', start, end);
  }

  onResponseEnd(): void {
    this.isWhole = true;
  }

  onUpstreamDrain(): void {}

  onUpstreamFailure(): void {
    this.hasFailed = true;
  }
}

export function call(bytes: Buffer, cuts: readonly number[], method: string, ends: boolean) {
  const transport = new RecordingTransport();
  let isReleased = false;
  const connection = new ClientConnection(transport, {
    onConnectionReleased: () => {
      isReleased = true;
    },
    onConnectionClosed() {},
  });
  const caller = new Caller();
  const request = new OutgoingRequest();
  request.method = method;
  connection.send(caller, request);
  transport.deliver(bytes, cuts);
  if (ends) transport.deliverEnd();
  const { interims, answer, isWhole, hasFailed } = caller;
  return {
    interims: hasFailed ? [] : interims, // those before a fault may have been told or not
    answer: hasFailed ? '' : answer,
    isWhole: isWhole && !hasFailed,
    hasFailed,
    isClosed: transport.isClosed,
    isReusable: connection.isReusable,
    isReleased,
  };
}

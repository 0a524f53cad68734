import cluster from 'node:cluster';
import { appendFileSync, openSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import { constants, createServer as createHttp2Server } from 'node:http2';
import { join } from 'node:path';

/**
 * An application that takes payments: `POST /<id>` charges, and so does `PUT /<id>`. It runs in several processes behind one
 * port, and each charge becomes a line of the ledger, with the process that made it, before anything is answered.
 *
 * `x-fault` says what goes wrong the first time that an id is seen, in any process; every further time all is well. So
 * whoever repeats a payment that was made finds it twice in the ledger.
 */
interface Call {
  charge(): void;
  answer(status: number, headers?: Record<string, string>): void;
  /** The head of an answer and part of its body, and then nothing. */
  answerInPart(): void;
  /** Ends the connection, or over HTTP/2 the stream. */
  reset(): void;
}

const slowMs = 2_500;
/** Long enough for a test to end a process in the middle, and short enough for one try. */
const workMs = 600;

const faults: Readonly<Record<string, (call: Call, http2: ServerHttp2Stream | null) => void>> = {
  'reset before the work': (call) => call.reset(),
  'reset after the work': (call) => {
    call.charge();
    call.reset();
  },
  'reset in the answer': (call) => {
    call.charge();
    call.answerInPart();
  },
  '503 before the work': (call) => call.answer(503),
  '503 after the work': (call) => {
    call.charge();
    call.answer(503, { 'retry-after': '0' });
  },
  '500 after the work': (call) => {
    call.charge();
    call.answer(500);
  },
  '409 after the work': (call) => {
    call.charge();
    call.answer(409);
  },
  '402 of the list after the work': (call) => {
    call.charge();
    call.answer(402);
  },
  'rate limit after the work': (call) => {
    call.charge();
    call.answer(429, { 'x-envoy-ratelimited': 'true' });
  },
  'header of the list after the work': (call) => {
    call.charge();
    call.answer(200, { 'x-try-again': 'please' });
  },
  'silence before the work': (call) => {
    setTimeout(() => call.charge(), slowMs);
  },
  'silence after the work': (call) => {
    call.charge();
    setTimeout(() => call.answer(201), slowMs);
  },
  'process killed before the work': () => process.kill(process.pid, 'SIGKILL'),
  'process killed after the work': (call) => {
    call.charge();
    process.kill(process.pid, 'SIGKILL');
  },
  'long work': (call) => {
    call.charge();
    setTimeout(() => call.answer(201), workMs);
  },
  'stream refused': (_call, stream) => stream?.close(constants.NGHTTP2_REFUSED_STREAM),
  'stream cancelled after the work': (call, stream) => {
    call.charge();
    stream?.close(constants.NGHTTP2_CANCEL);
  },
  'GOAWAY before the work': (_call, stream) => goAway(stream, (stream?.id ?? 0) - 2),
  'GOAWAY after the work': (call, stream) => {
    call.charge();
    goAway(stream, stream?.id ?? 0);
  },
  'gRPC unavailable after the work': (call, stream) => {
    call.charge();
    stream?.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '14' }, { endStream: true });
  },
};

/** Says which stream was the last one that was looked at, and is gone. That there was none at all, Node cannot say. */
function goAway(stream: ServerHttp2Stream | null, lastStreamId: number): void {
  if (lastStreamId < 1) {
    stream?.close(constants.NGHTTP2_REFUSED_STREAM);
    return;
  }
  const session = stream?.session as ServerHttp2Session;
  session.goaway(constants.NGHTTP2_NO_ERROR, lastStreamId);
  setTimeout(() => session.destroy(), 50);
}

function serve(folder: string, httpPort: number, http2Port: number): void {
  const pay = (id: string, fault: string, call: Omit<Call, 'charge'>, stream: ServerHttp2Stream | null) => {
    const charge = () => appendFileSync(join(folder, 'ledger'), `${id} ${process.pid}\n`);
    const action = isFirst(folder, id) ? faults[fault] : undefined;
    if (action !== undefined) {
      action({ ...call, charge }, stream);
      return;
    }
    charge();
    call.answer(201);
  };
  createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    request.resume().on('end', () => {
      pay(idOf(request.url), String(request.headers['x-fault'] ?? ''), http1Call(request, response), null);
    });
  }).listen(httpPort, '127.0.0.1', listening);
  createHttp2Server()
    .on('stream', (stream, headers) => {
      stream.on('error', () => {});
      stream.resume().on('end', () => {
        pay(idOf(headers[':path']), String(headers['x-fault'] ?? ''), http2Call(stream), stream);
      });
    })
    .listen(http2Port, '127.0.0.1', listening);
}

let listeners = 0;
function listening(): void {
  if (++listeners === 2) process.send?.('ready');
}

function http1Call(request: IncomingMessage, response: ServerResponse): Omit<Call, 'charge'> {
  return {
    answer: (status, headers = {}) => response.writeHead(status, { ...headers, 'content-length': 0 }).end(),
    answerInPart: () => {
      response.writeHead(201, { 'content-length': 100 });
      response.write('part', () => request.socket.destroy());
    },
    reset: () => request.socket.destroy(),
  };
}

function http2Call(stream: ServerHttp2Stream): Omit<Call, 'charge'> {
  return {
    answer: (status, headers = {}) => {
      if (!stream.destroyed) stream.respond({ ':status': status, ...headers }, { endStream: true });
    },
    answerInPart: () => {
      stream.respond({ ':status': 201 });
      stream.write('part', () => stream.destroy(new Error('broken'))); // close would end the answer
    },
    reset: () => stream.close(constants.NGHTTP2_INTERNAL_ERROR),
  };
}

function idOf(path: string | undefined): string {
  return (path ?? '').slice(1);
}

/** Whether no process has seen the id before. */
function isFirst(folder: string, id: string): boolean {
  try {
    openSync(join(folder, `seen-${id}`), 'wx');
    return true;
  } catch {
    return false; // EEXIST
  }
}

const [folder = '', httpPort = '0', http2Port = '0'] = process.argv.slice(2);
if (cluster.isPrimary) {
  let ready = 0;
  for (let worker = 0; worker < 2; worker++) cluster.fork();
  cluster.on('message', () => {
    if (++ready === 2) process.send?.('ready');
  });
  cluster.on('exit', () => cluster.fork());
} else {
  serve(folder, Number(httpPort), Number(http2Port));
}

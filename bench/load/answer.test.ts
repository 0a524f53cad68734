import { once } from 'node:events';
import type { RequestListener, Server } from 'node:http';
import { createServer } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { assertRefusesStrangers, untilAnswers, untilAnswersCall, untilAnswersHttp2 } from './answer.ts';
import { Stage } from './stage.ts';

let stage: Stage;
let server: Server | undefined;
beforeEach(() => {
  stage = new Stage(null);
});
afterEach(() => {
  stage.clear();
  server?.close();
});

const serve = async (listener: RequestListener) => {
  server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
};

describe('untilAnswers', () => {
  it('waits through wrong answers for the right one', async () => {
    const answers: [number, string][] = [
      [503, 'body'],
      [200, 'bod'],
      [200, 'body'],
      [200, 'never asked for'],
    ];
    const port = await serve((_request, response) => {
      const [status, body] = answers.shift() ?? [500, ''];
      response.writeHead(status).end(body);
    });
    await untilAnswers(port, '/', 'body', stage);
    expect(answers).toHaveLength(1);
  });

  it('gives up as soon as a process is gone, with its words', async () => {
    const port = await serve((_request, response) => response.writeHead(503).end());
    stage.start('proxy', 'sh', ['-c', 'echo bad configuration; exit 1']);
    await expect(untilAnswers(port, '/', 'body', stage)).rejects.toThrow('sh ended (1): bad configuration');
  });
});

describe('assertRefusesStrangers', () => {
  it('finds out a port that answers plaintext', async () => {
    const port = await serve((_request, response) => response.end('the body'));
    await expect(assertRefusesStrangers(port, 'the body')).rejects.toThrow('answers plaintext');
  });

  it('is content with a port that closes, or answers something else', async () => {
    const port = await serve((request) => request.socket.destroy());
    await assertRefusesStrangers(port, 'the body');
    server?.close();
    const other = await serve((_request, response) => response.writeHead(400).end('TLS, please'));
    await assertRefusesStrangers(other, 'the body');
  });
});

describe('untilAnswersHttp2', () => {
  it('waits until a port speaks HTTP/2 and gives the right answer', async () => {
    const answers: [number, string][] = [
      [503, 'body'],
      [200, 'body'],
    ];
    const http2 = createHttp2Server((_request, response) => {
      const [status, body] = answers.shift() ?? [500, ''];
      response.writeHead(status).end(body);
    });
    await once(http2.listen(0, '127.0.0.1'), 'listening');
    await untilAnswersHttp2((http2.address() as AddressInfo).port, '/', 'body', stage);
    expect(answers).toEqual([]);
    http2.close();
  });

  it('gives up on a port of HTTP/1.1 as soon as a process is gone', async () => {
    const port = await serve((_request, response) => response.end('body'));
    stage.start('proxy', 'sh', ['-c', 'echo no HTTP/2; exit 1']);
    await expect(untilAnswersHttp2(port, '/', 'body', stage)).rejects.toThrow('sh ended (1): no HTTP/2');
  });
});

describe('untilAnswersCall', () => {
  it('waits until a call, and not merely a request, gets its own message back', async () => {
    const asked: unknown[] = [];
    const http2 = createHttp2Server((request, response) => {
      const { method, url, headers } = request;
      asked.push([method, url, headers['content-type'], headers.te]);
      if (asked.length === 1) response.writeHead(200).end();
      else request.pipe(response);
    });
    await once(http2.listen(0, '127.0.0.1'), 'listening');
    await untilAnswersCall((http2.address() as AddressInfo).port, '/a.B/C', '\0\0\0\0\x01\xff', stage);
    expect(asked).toEqual(Array(2).fill(['POST', '/a.B/C', 'application/grpc', 'trailers']));
    http2.close();
  });
});

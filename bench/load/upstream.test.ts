import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasProgram } from '../../examples/testing/programs.ts';
import { untilAnswers } from './answer.ts';
import { Stage } from './stage.ts';
import type { Upstream } from './upstream.ts';
import { startUpstream, uploadPath, upstreamBody, upstreamPort } from './upstream.ts';

describe.skipIf(!hasProgram('nginx'))('startUpstream', () => {
  let stage: Stage;
  let upstream: Upstream;

  beforeAll(async () => {
    stage = new Stage(null);
    upstream = await startUpstream(stage, 'tcp');
    await untilAnswers(upstream.http1Port, '/', upstreamBody, stage);
  }, 30_000);

  afterAll(() => stage.close());

  it('answers an upload once it has all of it, and not before', async () => {
    const size = 1_000_000;
    const socket: Socket = connect(upstreamPort(upstream, 'tcp'), '127.0.0.1');
    let answer = '';
    socket.setEncoding('latin1').on('data', (text: string) => {
      answer += text;
    });
    socket.write(`POST ${uploadPath} HTTP/1.1\r\nHost: bench\r\nContent-Length: ${size}\r\n\r\n`);
    socket.write(Buffer.alloc(size - 1));
    // whoever answers early has answered before this request, which it gets later
    await untilAnswers(upstream.http1Port, '/', upstreamBody, stage);
    expect(answer).toBe('');
    socket.write('x');
    while (!answer.endsWith(upstreamBody)) await once(socket, 'data');
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    socket.destroy();
  });
});

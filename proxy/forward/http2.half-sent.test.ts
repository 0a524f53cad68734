import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { lastData, open, request } from '../http2/testing/wire.ts';
import { compileRetryPolicy } from '../resilience/retry-policy.ts';
import { startForwarder, startScriptedServer } from '../testing/forwarder.ts';
import { Http2Probe } from '../testing/http2-probe.ts';

const closers: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const put = [[':method', 'PUT'], ...request.slice(1)] as const;

const retry = compileRetryPolicy({
  retryOn: 'gateway-error',
  retriableStatusCodes: [],
  maxRetries: 1,
  perTryTimeoutMs: 0,
  backOffBaseMs: 1,
  backOffMaxMs: 2,
  retryNonIdempotent: false,
});

async function start(answer: Parameters<typeof startScriptedServer>[0]) {
  const upstream = await startScriptedServer(answer);
  closers.push(upstream.close);
  const forwarder = await startForwarder([upstream.port], { action: { retry } });
  closers.push(() => forwarder.close());
  return { upstream, forwarder };
}

function openProbe(port: number): Http2Probe {
  const probe = new Http2Probe(connect(port, '127.0.0.1'));
  closers.push(() => probe.destroy());
  return probe;
}

describe('a request whose end came by itself, behind its head', () => {
  it('has its end in the second attempt too', async () => {
    const seen: string[] = [];
    const { upstream, forwarder } = await start((socket, text) => {
      // the first attempt is answered when its body has ended, the second as soon as it has
      if (!text.endsWith('0\r\n\r\n')) return;
      seen.push(text);
      socket.end(
        seen.length === 1
          ? 'HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n'
          : 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
      );
    });
    const probe = openProbe(forwarder.port);
    probe.send(open(1, put));
    await expect.poll(() => upstream.received()).toContain('\r\n\r\n');
    probe.send(lastData(1));
    await probe.waitFor(/^DATA|HEADERS.*200/);
    expect(probe.said.join('\n')).toContain('200');
    expect(seen).toHaveLength(2);
  });

  it('leaves no connection behind on which the next request would be read as the rest of it', async () => {
    let answers = 0;
    const { upstream, forwarder } = await start((socket, text) => {
      if (answers === 0 && text.endsWith('0\r\n\r\n')) {
        answers++;
        socket.write('HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n');
      } else if (answers === 1 && text.match(/PUT/g)?.length === 2) {
        // does not wait for the body, and keeps its connection
        answers++;
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      } else if (text.includes('GET /next')) {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext');
      }
    });
    const probe = openProbe(forwarder.port);
    probe.send(open(1, put));
    await expect.poll(() => upstream.received()).toContain('\r\n\r\n');
    probe.send(lastData(1));
    await probe.waitFor(/HEADERS.*200/);
    const next = await fetch(`http://127.0.0.1:${forwarder.port}/next`);
    expect(await next.text()).toBe('next');
    expect(upstream.received().match(/\n0\r\n\r\n/g)).toHaveLength(2); // an id of a request may end in 0
  });
});

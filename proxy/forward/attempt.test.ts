import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { compileRetryPolicy } from '../resilience/retry-policy.ts';
import { TimerWheel } from '../resilience/timer-wheel.ts';
import { startForwarder, startScriptedServer } from '../testing/forwarder.ts';

const closers: (() => Promise<unknown> | unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const perTryMs = 1000;

/** A client that sends its request bit by bit, to an upstream that answers what ends in `END`. */
async function scene(times: { readonly perTryTimeoutMs?: number; readonly perTryIdleTimeoutMs?: number }) {
  const clock = { nowMs: 5_000 };
  const wheel = new TimerWheel(() => clock.nowMs);
  const upstream = await startScriptedServer((socket, text) => {
    if (text.endsWith('END')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
  });
  const retry = compileRetryPolicy({
    retryOn: '',
    retriableStatusCodes: [],
    retryNonIdempotent: false,
    maxRetries: 0,
    ...times,
  });
  const forwarder = await startForwarder([upstream.port], { wheel, action: { retry } });
  closers.push(upstream.close, () => forwarder.close());
  const socket = connect(forwarder.port, '127.0.0.1');
  closers.push(() => void socket.destroy());
  let answer = '';
  socket.setEncoding('latin1').on('data', (text) => {
    answer += text;
  });
  return {
    /** Until the upstream has it. */
    send: async (text: string, has = text) => {
      socket.write(text);
      await expect.poll(() => upstream.received().endsWith(has)).toBe(true);
    },
    /** Until the answer has begun. */
    ask: async (text: string) => {
      socket.write(text);
      await expect.poll(() => answer).not.toBe('');
    },
    pass: (ms: number) => {
      clock.nowMs += ms;
      wheel.advance();
    },
    answered: () => expect.poll(() => answer.slice(9, 12)),
    forwarder,
  };
}

const post = (length: number) => `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n`;

describe.each([{ perTryTimeoutMs: perTryMs }, { perTryIdleTimeoutMs: perTryMs }])(
  'the time of a try, $perTryTimeoutMs $perTryIdleTimeoutMs',
  (times) => {
    it('does not run while the client is still sending', async () => {
      const { send, ask, pass, answered, forwarder } = await scene(times);
      await send(`${post(9)}one`, 'one');
      pass(perTryMs + 100);
      await send('two');
      pass(perTryMs + 100);
      await ask('END');
      await answered().toBe('200');
      const [endpoint] = forwarder.cluster.endpoints;
      expect(endpoint?.requestsTimeout).toBe(0);
    });

    it('runs from the end of the request on', async () => {
      const { send, pass, answered, forwarder } = await scene(times);
      await send(`${post(6)}one`, 'one');
      pass(perTryMs + 100);
      await send('two');
      pass(perTryMs - 100);
      expect(forwarder.recorded).toEqual([]);
      pass(200);
      await answered().toBe('504');
    });

    it('runs from the beginning where the request came whole', async () => {
      const { send, pass, answered } = await scene(times);
      await send(`${post(3)}one`, 'one');
      pass(perTryMs + 100);
      await answered().toBe('504');
    });
  },
);

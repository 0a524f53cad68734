import { afterEach, describe, expect, it } from 'vitest';
import { plainBalancer } from '../cluster/balancer-config.ts';
import { compileRetryPolicy } from '../resilience/retry-policy.ts';
import type { HashRule } from '../route/hash-policy.ts';
import { HashPolicies } from '../route/hash-policy.ts';
import { CookieSession, endless, HeaderSession } from '../route/session-state.ts';
import type { ForwarderOptions } from '../testing/forwarder.ts';
import { endpointConfig, startForwarder, startScriptedServer } from '../testing/forwarder.ts';
import { sendRaw } from '../testing/raw-client.ts';

const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A server that answers its number. */
async function numbered(number: number): Promise<number> {
  const server = await startScriptedServer((socket) =>
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n${number}`),
  );
  closers.push(server.close);
  return server.port;
}

async function refusingPort(): Promise<number> {
  const server = await startScriptedServer(() => {});
  await server.close();
  return server.port;
}

async function start(
  ports: readonly number[],
  options: ForwarderOptions,
): Promise<(lines?: string) => Promise<string>> {
  const forwarder = await startForwarder(ports, options);
  closers.push(forwarder.close);
  return async (lines = '') => {
    const request = `GET / HTTP/1.1\r\nHost: a\r\n${lines}\r\n`;
    const { text } = await sendRaw(forwarder.port, request, (answer) => /\r\n\r\n[0-9]$/.test(answer));
    return text;
  };
}

const endsOf = (answers: readonly string[]) => new Set(answers.map((answer) => answer.at(-1)));
const by = (...rules: HashRule[]) => ({ hashPolicies: new HashPolicies(rules, Math.random) });
const header: HashRule = { kind: 'header', name: 'x-user', terminal: false };

describe.each(['maglev', 'ring-hash'] as const)('requests balanced by %s', (kind) => {
  const cluster = { balancer: plainBalancer(kind) };

  it('go to one endpoint for one user, and to all of them for many', async () => {
    const ports = await Promise.all([1, 2, 3].map(numbered));
    const ask = await start(ports, { cluster, action: by(header) });
    const ofOne = await Promise.all(Array.from({ length: 10 }, () => ask('X-User: ada\r\n')));
    expect(endsOf(ofOne).size).toBe(1);
    const ofMany = await Promise.all(Array.from({ length: 60 }, (_, index) => ask(`X-User: user-${index}\r\n`)));
    expect(endsOf(ofMany)).toEqual(new Set(['1', '2', '3']));
  });

  it('go to one other endpoint when theirs does not answer', async () => {
    const ports = await Promise.all([numbered(1), numbered(2), refusingPort()]);
    const retry = compileRetryPolicy({
      retryOn: 'connect-failure',
      retriableStatusCodes: [],
      maxRetries: 2,
      perTryTimeoutMs: 0,
      backOffBaseMs: 1,
      backOffMaxMs: 2,
      retryNonIdempotent: false,
    });
    const ask = await start(ports, { cluster, action: { ...by(header), retry } });
    for (let user = 0; user < 10; user++) {
      const lines = `X-User: user-${user}\r\n`;
      expect(endsOf([await ask(lines), await ask(lines), await ask(lines)]).size).toBe(1);
    }
  });

  it('find the same endpoint again by the cookie that the first answer has set', async () => {
    const ports = await Promise.all([1, 2, 3].map(numbered));
    const made = { name: 'user', maxAgeSeconds: 60, path: '/', attributes: [] };
    const ask = await start(ports, { cluster, action: by({ kind: 'cookie', name: 'user', made, terminal: false }) });
    for (let client = 0; client < 10; client++) {
      const first = await ask();
      const [, cookie] = /set-cookie: (user=[0-9a-f]{16}); Max-Age=60; Path=\/; HttpOnly\r\n/.exec(first) ?? [];
      const second = await ask(`Cookie: ${cookie}\r\n`);
      expect(second).not.toContain('set-cookie');
      expect(second.at(-1)).toBe(first.at(-1));
    }
  });
});

describe('requests of a session', () => {
  it.each([
    ['a header', new HeaderSession('x-session', endless, () => 0), /x-session: (\S+)\r\n/, 'X-Session: '],
    [
      'a cookie',
      new CookieSession({ name: 's', path: '/', isPermanent: false }, endless, () => 0),
      /set-cookie: (s=[^;]+); Path=\/; HttpOnly\r\n/,
      'Cookie: ',
    ],
  ])('go to the endpoint that has answered before, by %s', async (_by, state, given, sent) => {
    const ports = await Promise.all([1, 2, 3].map(numbered));
    const forwarder = await startForwarder(ports);
    closers.push(forwarder.close);
    const destinations = [
      { destination: forwarder.cluster, requestHeaders: null, responseHeaders: null, pathRewrite: null },
    ];
    const sticky = await startForwarder([], {
      action: { pick: () => forwarder.cluster, session: { state, isStrict: false, destinations } },
    });
    closers.push(sticky.close);
    const ask = async (lines = '') => {
      const request = `GET / HTTP/1.1\r\nHost: a\r\n${lines}\r\n`;
      return (await sendRaw(sticky.port, request, (answer) => /\r\n\r\n[0-9]$/.test(answer))).text;
    };
    const first = await ask();
    const lines = `${sent}${given.exec(first)?.[1]}\r\n`;
    for (let i = 0; i < 5; i++) {
      const again = await ask(lines);
      expect(again.at(-1)).toBe(first.at(-1));
      expect(again).not.toMatch(given);
    }
    forwarder.cluster.setEndpoints(
      ports.map((port, index) => ({
        ...endpointConfig(port),
        health: `${index + 1}` === first.at(-1) ? 'draining' : 'healthy',
      })),
    );
    const elsewhere = await ask(lines);
    expect(elsewhere.at(-1)).not.toBe(first.at(-1));
    expect(elsewhere).toMatch(given);
  });
});

describe('requests of a strict session', () => {
  const start503 = async () => {
    const failing = await startScriptedServer((socket) => socket.write('HTTP/1.1 503 x\r\nContent-Length: 1\r\n\r\n0'));
    closers.push(failing.close);
    return failing;
  };

  it('are refused when their endpoint is gone, and are never sent to another one', async () => {
    const failing = await start503();
    const ports = [failing.port, ...(await Promise.all([1, 2].map(numbered)))];
    const state = new HeaderSession('x-session', endless, () => 0);
    const retry = compileRetryPolicy({
      retryOn: '5xx',
      retriableStatusCodes: [],
      maxRetries: 3,
      backOffBaseMs: 1,
      backOffMaxMs: 2,
      retryNonIdempotent: false,
    });
    const forwarder = await startForwarder(ports);
    closers.push(forwarder.close);
    const { cluster } = forwarder;
    const destinations = [{ destination: cluster, requestHeaders: null, responseHeaders: null, pathRewrite: null }];
    const fallback = { kind: 'respond', status: 200, lines: '', body: 'fallback' } as const;
    const strict = await startForwarder([], {
      action: { pick: () => cluster, session: { state, isStrict: true, destinations }, retry, fallback },
    });
    closers.push(strict.close);
    const ask = (port: number) => {
      const session = Buffer.from(`127.0.0.1:${port}`).toString('base64');
      const request = `GET / HTTP/1.1\r\nHost: a\r\nX-Session: ${session}\r\n\r\n`;
      return sendRaw(strict.port, request, (answer) => /\r\n\r\n./.test(answer));
    };
    expect(await ask(failing.port)).toMatchObject({ status: 503 });
    expect(failing.received().match(/GET/g)).toHaveLength(4);
    expect((await ask(ports[1] ?? 0)).text.at(-1)).toBe('1');
    cluster.setEndpoints(ports.slice(2).map(endpointConfig));
    const lost = await ask(ports[1] ?? 0);
    expect(lost.text).toContain('x-heddle-reason: UH');
    expect(lost.text).toContain("The instance of the client's session is gone");
    const stranger = await sendRaw(strict.port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n', (text) => text.endsWith('2'));
    expect(stranger.text.at(-1)).toBe('2');
    expect(strict.recorded.map(({ status, flag }) => [status, flag])).toEqual([
      [503, 'URX'],
      [200, '-'],
      [503, 'UH'],
      [200, '-'],
    ]);
  });
});

describe('requests balanced by answer times', () => {
  it('keep away from an endpoint that was slow', async () => {
    const ports = await Promise.all([1, 2].map(numbered));
    const clock = { nowMs: 0 };
    const forwarder = await startForwarder(ports, {
      cluster: { balancer: plainBalancer('peak-ewma') },
      nowMs: () => clock.nowMs,
    });
    closers.push(forwarder.close);
    const ask = async () => {
      const request = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
      return (await sendRaw(forwarder.port, request, (answer) => /\r\n\r\n[0-9]$/.test(answer))).text;
    };
    const [slow] = forwarder.cluster.endpoints;
    for (let i = 0; i < 4; i++) await ask();
    slow?.latency?.observe(5_000, false);
    const answers: string[] = [];
    for (let i = 0; i < 10; i++) answers.push(await ask());
    expect(endsOf(answers)).toEqual(new Set(['2']));
  });

  it('learns nothing of requests that were under way when it began to look at answer times', async () => {
    const upstream = await startScriptedServer(() => {});
    closers.push(upstream.close);
    const forwarder = await startForwarder([upstream.port]);
    closers.push(() => forwarder.close());
    const { cluster } = forwarder;
    const asked = sendRaw(forwarder.port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n', (answer) => answer.endsWith('ok'));
    await expect.poll(() => upstream.received()).not.toBe('');
    cluster.update({ ...cluster.config, balancer: plainBalancer('peak-ewma') });
    const [endpoint] = cluster.endpoints;
    const before = endpoint?.latency?.estimateMs();
    upstream.connections[0]?.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    await asked;
    expect(endpoint?.latency?.estimateMs()).toBe(before);
  });
});

import { afterEach, describe, expect, it } from 'vitest';
import { compileSubstitution } from '../../proto/regex-substitution.ts';
import { HeaderMutation } from '../filter/header-mutation.ts';
import { replacePattern } from '../route/path-rewrite.ts';
import type { ForwarderOptions } from '../testing/forwarder.ts';
import { startForwarder, startScriptedServer } from '../testing/forwarder.ts';
import { sendRaw } from '../testing/raw-client.ts';

const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** What the application was asked, and how. */
async function start(action: ForwarderOptions['action']) {
  const asked: string[] = [];
  const app = await startScriptedServer((socket, text) => {
    asked.push(text);
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
  });
  const forwarder = await startForwarder([app.port], { ...(action && { action }) });
  closers.push(app.close, () => forwarder.close());
  const ask = (target: string, lines = '') =>
    sendRaw(forwarder.port, `GET ${target} HTTP/1.1\r\nHost: cart\r\n${lines}\r\n`, (text) => /ok$|\}\n$/.test(text));
  return { forwarder, asked, ask };
}

describe('a request whose path is rewritten by pattern', () => {
  const pathRewrite = replacePattern(compileSubstitution('^/(v[0-9])?/?(.*)$', '\\1/\\2'));

  it('is sent with what came of it', async () => {
    const { asked, ask } = await start({ pathRewrite });
    await ask('/items?x=/v1');
    expect(asked[0]).toMatch(/^GET \/items\?x=\/v1 HTTP\/1\.1\r\n/);
  });

  it('is answered 500 with the reason where no path came of it, and holds nothing afterwards', async () => {
    const { forwarder, asked, ask } = await start({ pathRewrite });
    const { status, text } = await ask('/v1/items');
    expect(status).toBe(500);
    expect(text).toContain('does not begin with a slash');
    expect(forwarder.recorded).toMatchObject([{ status: 500, flag: '-', attempts: 0 }]);
    expect(forwarder.cluster.breaker.requests.active).toBe(0);
    expect((await ask('/items')).status).toBe(200);
    expect(asked).toHaveLength(1);
  });

  it('is answered 404 where it is too long for the pattern', async () => {
    const { forwarder, asked, ask } = await start({ pathRewrite });
    const { status, text } = await ask(`/${'a'.repeat(30_000)}`);
    expect(status).toBe(404);
    expect(text).toContain('too long for the pattern');
    expect(forwarder.recorded).toMatchObject([{ status: 404, flag: 'NR' }]);
    expect(asked).toEqual([]);
  });
});

describe('a request whose host is that of a header', () => {
  it.each([
    ['x-host: shop.example:8080\r\n', 'shop.example:8080'],
    ['X-Host:   [::1]  \r\n', '[::1]'],
    ['x-host: one\r\nx-host: two\r\n', 'one'],
    ['x-host:\r\n', 'cart'],
    ['', 'cart'],
  ])('has the first of them, or its own: %j', async (lines, host) => {
    const { asked, ask } = await start({ hostHeader: 'x-host' });
    expect((await ask('/', lines)).status).toBe(200);
    expect(asked[0]?.match(/^host:.*$/gim)).toHaveLength(1);
    expect(`${asked[0]}`.toLowerCase()).toContain(`\r\nhost: ${host}\r\n`);
  });

  it.each(['a b', 'a/b', 'user@a', 'a:0', 'a, b', '[a'])('is answered 400 where the header says %j', async (value) => {
    const { asked, ask } = await start({ hostHeader: 'x-host' });
    const { status, text } = await ask('/', `x-host: ${value}\r\n`);
    expect([status, asked]).toEqual([400, []]);
    expect(text).toContain('takes the host from the header x-host, which holds none');
  });

  it('has what the route itself has made of the header', async () => {
    const edit = HeaderMutation.from({ set: [['x-host', 'set.example']], add: [], remove: [] });
    const { forwarder, asked, ask } = await start({
      hostHeader: 'x-host',
      pickEdited: () => ({
        destination: forwarder.cluster,
        requestHeaders: edit,
        responseHeaders: null,
        pathRewrite: null,
      }),
    });
    await ask('/', 'x-host: client.example\r\n');
    expect(asked[0]).toContain('\r\nhost: set.example\r\n');
  });
});

import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { connect as connectTls } from 'node:tls';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clientHelloTarget } from './client-hello.fuzz.ts';
import { MAX_CLIENT_HELLO_BYTES, parseClientHello } from './client-hello.ts';

describe('parseClientHello', () => {
  it('reads what this Node says', async () => {
    const bytes = await helloOfNode('Cart.Example.com', ['h2', 'http/1.1']);
    expect(parseClientHello(bytes)).toEqual({ serverName: 'cart.example.com', alpnProtocols: ['h2', 'http/1.1'] });
  });

  it.each([
    ['no extensions at all', hello(null), { serverName: '', alpnProtocols: [] }],
    ['no name', hello([extension(10, [0, 2, 0, 29])]), { serverName: '', alpnProtocols: [] }],
    ['a name', hello([name('a.example')]), { serverName: 'a.example', alpnProtocols: [] }],
    [
      'a name of the mesh',
      hello([name('outbound_.80_._.cart.default.svc.cluster.local')]),
      { serverName: 'outbound_.80_._.cart.default.svc.cluster.local', alpnProtocols: [] },
    ],
  ])('takes %s', (_what, bytes, expected) => {
    expect(parseClientHello(bytes)).toEqual(expected);
  });

  it.each([
    ['a name with NUL', hello([name('good.example\0.evil.example')])],
    ['a name of 300 bytes', hello([name('a'.repeat(300))])],
    ['a label of 64 bytes', hello([name(`${'a'.repeat(64)}.example`)])],
    ['an empty name', hello([name('')])],
    ['an empty label', hello([name('a..example')])],
    ['a name that ends with a dot', hello([name('a.example.')])],
    ['a name beyond ASCII', hello([name('\u00fc.example')])],
    ['an address with colons', hello([name('::1')])],
    ['two names', hello([name('a.example', 'b.example')])],
    ['the extension twice', hello([name('a.example'), name('b.example')])],
    ['another type of name', hello([extension(0, [0, 5, 1, 0, 2, 97, 98])])],
    ['bytes after the names', hello([extension(0, [0, 4, 0, 0, 1, 97, 99])])],
    ['a list that is longer than its extension', hello([extension(0, [0, 9, 0, 0, 1, 97])])],
    ['an empty protocol', hello([extension(16, [0, 1, 0])])],
    ['bytes after the extensions', record(message([...body([name('a.example')]), 0]))],
    ['half an extension', record(message([...body([]).slice(0, -2), 0, 3, 0, 0, 1]))],
    ['another message', record([2, ...message(body([])).slice(1)])],
    ['a message that is too long', record([1, 1, 0, 0])],
    ['another record in between', [...record(message(body([name('a.example')])).slice(0, 10)), 23, 3, 3, 0, 1, 0]],
    ['an empty record', [...record(message(body([])).slice(0, 10)), 22, 3, 3, 0, 0]],
  ])('refuses %s', (_what, bytes) => {
    expect(parseClientHello(Uint8Array.from(bytes))).toBe('malformed');
  });

  it('reads the same however the message is cut into records and the bytes into pieces', () => {
    const whole = message(body([name('a.example'), extension(16, [0, 3, 2, 104, 50])]));
    const cuts = fc.array(fc.integer({ min: 1, max: whole.length - 1 }), { maxLength: 6 });
    fc.assert(
      fc.property(cuts, (at) => {
        const edges = [0, ...new Set(at), whole.length].sort((a, b) => a - b);
        const bytes = Uint8Array.from(edges.slice(1).flatMap((end, i) => record(whole.slice(edges[i], end))));
        for (let end = 0; end < bytes.length; end++) expect(parseClientHello(bytes.subarray(0, end))).toBe('more');
        expect(parseClientHello(bytes)).toEqual({ serverName: 'a.example', alpnProtocols: ['h2'] });
        expect(parseClientHello(Buffer.concat([bytes, Buffer.alloc(9)]))).toEqual(parseClientHello(bytes));
      }),
    );
  });

  it('asks for no more than its bound', () => {
    const endless = record([1, 0, 0x3f, 0xf8, ...new Array(100).fill(0)]);
    expect(parseClientHello(Uint8Array.from(endless))).toBe('malformed');
    const crumbs = Uint8Array.from([1, 0, 0x0f, 0, ...new Array(5000).fill(0)].flatMap((byte) => record([byte])));
    expect(parseClientHello(crumbs.subarray(0, 6_000))).toBe('more');
    expect(parseClientHello(crumbs.subarray(0, MAX_CLIENT_HELLO_BYTES))).toBe('malformed');
  });

  it('survives whatever bytes', () => {
    const good = Uint8Array.from(record(message(body([name('a.example')]))));
    const changed = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 4 }).map((changes) => {
      const bytes = Uint8Array.from(good);
      for (const [at, value] of changes) bytes[at] = value;
      return bytes;
    });
    fc.assert(
      fc.property(fc.oneof(changed, fc.uint8Array({ maxLength: 200 })), (bytes) => void clientHelloTarget.run(bytes)),
      { numRuns: 2000 },
    );
  });
});

type Bytes = number[];

function hello(extensions: Bytes[] | null): Uint8Array {
  return Uint8Array.from(record(message(body(extensions))));
}

function body(extensions: Bytes[] | null): Bytes {
  const start = [3, 3, ...new Array(32).fill(7), 0, 0, 2, 0x13, 0x01, 1, 0];
  return extensions === null ? start : [...start, ...vector(extensions.flat())];
}

function message(content: Bytes): Bytes {
  return [1, 0, ...vector(content)];
}

function record(content: Bytes): Bytes {
  return [0x16, 3, 1, ...vector(content)];
}

function extension(type: number, data: Bytes): Bytes {
  return [0, type, ...vector(data)];
}

function name(...names: string[]): Bytes {
  return extension(0, vector(names.flatMap((text) => [0, ...vector([...Buffer.from(text, 'latin1')])])));
}

function vector(content: Bytes): Bytes {
  return [content.length >> 8, content.length & 255, ...content];
}

async function helloOfNode(servername: string, protocols: string[]): Promise<Buffer> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connectTls({
    port: (server.address() as AddressInfo).port,
    host: '127.0.0.1',
    servername,
    ALPNProtocols: protocols,
  });
  client.on('error', () => {});
  const [socket] = await once(server, 'connection');
  const [bytes] = await once(socket, 'data');
  client.destroy();
  server.close();
  return bytes as Buffer;
}

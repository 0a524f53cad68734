import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import type { IncomingMessage, Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { startNginx } from '../../examples/testing/nginx.ts';
import { hasProgram } from '../../examples/testing/programs.ts';
import { startForwarder } from '../testing/forwarder.ts';
import { sendRaw } from '../testing/raw-client.ts';

/** A request as somebody who reads it understands it. */
interface Understood {
  readonly method: string;
  readonly url: string;
  /** In the order of the wire, names in lower case. */
  readonly headers: [name: string, value: string][];
  readonly body: string;
  readonly trailers: [name: string, value: string][];
}

interface Sent {
  readonly bytes: string;
  readonly meant: Understood;
}

const lower = 'abcdefghijklmnopqrstuvwxyz';
const method = fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'PROPFIND', 'REPORT');
const path = fc
  .tuple(
    fc.string({ unit: fc.constantFrom(...lower, ..."019-_~!$&'()*+,;=:@/"), maxLength: 20 }),
    fc.constantFrom('', '?', '?a=b&c=%41', '?/../x', '?"<>'),
  )
  // two slashes or a dot segment at the beginning would be another question
  .map(([rest, query]) => `/x${rest}${query}`);
const header = fc.tuple(
  fc.string({ unit: fc.constantFrom(...lower, ...'019-'), minLength: 1, maxLength: 12 }).map((name) => `x-t${name}`),
  fc
    .string({ unit: fc.constantFrom(...lower, ...' ,;="\t():/\\\xe9\xff'), maxLength: 30 })
    .map((text) => text.replace(/^[ \t]+|[ \t]+$/g, '')),
);
const headers = fc.array(header, { maxLength: 8 });
const content = fc.string({ unit: fc.constantFrom('a', '\r', '\n', '\0', '\xff', '0', ' '), maxLength: 200 });

const extensions = ['', ';a', ';a=b', ';ext="v a"', ';a;b="";c="\\"\t;=\xe9";d=1'];

/** The same body in chunks of these sizes, with extensions and trailers. */
function inChunks(body: string, sizes: readonly number[], trailers: [string, string][]): string {
  let rest = body;
  let text = '';
  for (const size of sizes) {
    const data = rest.slice(0, size);
    rest = rest.slice(size);
    if (data !== '')
      text += `${data.length.toString(16).padStart(1 + (size % 3), '0')}${extensions[size % extensions.length]}\r\n${data}\r\n`;
  }
  if (rest !== '') text += `${rest.length.toString(16).toUpperCase()}\r\n${rest}\r\n`;
  return `${text}0\r\n${trailers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
}

const sent: fc.Arbitrary<Sent> = fc
  .record({
    method,
    path,
    headers,
    content,
    trailers: fc.array(header, { maxLength: 2 }),
    framing: fc.constantFrom('none', 'length', 'chunked'),
    sizes: fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 5 }),
  })
  .map(({ method: verb, path: url, headers: lines, content: body, trailers, framing, sizes }) => {
    const framed = {
      none: '',
      length: `Content-Length: ${body.length}\r\n`,
      chunked: 'Transfer-Encoding: chunked\r\n',
    };
    const wire = { none: '', length: body, chunked: inChunks(body, sizes, trailers) };
    const block = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    return {
      bytes: `${verb} ${url} HTTP/1.1\r\nHost: shop.example\r\n${block}${framed[framing]}\r\n${wire[framing]}`,
      meant: {
        method: verb,
        url,
        headers: lines,
        body: framing === 'none' ? '' : body,
        trailers: framing === 'chunked' ? trailers : [],
      },
    };
  });

/** A strict server of Node's, that says how it understood what it got. */
function understandingServer(): Server {
  return createServer({ insecureHTTPParser: false }, (request, response) => {
    void understand(request).then((understood) => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(understood));
    });
  });
}

async function understand(request: IncomingMessage): Promise<Understood> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const pairs = (raw: readonly string[]) =>
    Array.from({ length: raw.length / 2 }, (_, index): [string, string] => [
      (raw[2 * index] ?? '').toLowerCase(),
      raw[2 * index + 1] ?? '',
    ]).filter(([name]) => name.startsWith('x-t'));
  return {
    method: request.method ?? '',
    url: request.url ?? '',
    headers: pairs(request.rawHeaders),
    body: Buffer.concat(chunks).toString('latin1'),
    trailers: pairs(request.rawTrailers),
  };
}

const isAnswered = (text: string) => text.endsWith('}') || / 4\d\d /.test(text);

async function askedThrough(port: number, { bytes }: Sent, cuts: readonly number[]): Promise<Understood> {
  const ends = [...new Set(cuts.map((cut) => cut % bytes.length))].sort((a, b) => a - b);
  const pieces = [...ends, bytes.length].map((end, index, all) => bytes.slice(all[index - 1] ?? 0, end));
  const { text } = await sendRaw(
    port,
    pieces.filter((piece) => piece !== ''),
    isAnswered,
  );
  const json = text.slice(text.indexOf('\r\n\r\n') + 4);
  if (!json.startsWith('{')) throw new Error(text);
  return JSON.parse(Buffer.from(json, 'latin1').toString('utf8')) as Understood;
}

describe('what is forwarded', () => {
  const cuts = fc.array(fc.nat(), { maxLength: 4 });
  const closers: (() => Promise<unknown>)[] = [];

  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });

  async function startServer(): Promise<number> {
    const server = understandingServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    closers.push(async () => {
      server.closeAllConnections();
      server.close();
    });
    return (server.address() as AddressInfo).port;
  }

  async function forwarderTo(port: number): Promise<number> {
    const forwarder = await startForwarder([port]);
    closers.push(() => forwarder.close());
    return forwarder.port;
  }

  it('means to Node what it was meant to mean', async () => {
    const port = await forwarderTo(await startServer());
    await fc.assert(
      fc.asyncProperty(sent, cuts, async (message, ends) => {
        expect(await askedThrough(port, message, ends)).toEqual(message.meant);
      }),
      { numRuns: 300 },
    );
  });

  it.skipIf(!hasProgram('nginx'))('means it to nginx too, trailers apart, which nginx drops', async () => {
    const upstream = `http://127.0.0.1:${await startServer()}`;
    const nginx = await startNginx(
      `ignore_invalid_headers off; location / { proxy_pass ${upstream}; proxy_http_version 1.1; proxy_request_buffering off; }`,
    );
    closers.push(() => nginx.stop());
    const port = await forwarderTo(nginx.port);
    await fc.assert(
      fc.asyncProperty(sent, cuts, async (message, ends) => {
        expect(await askedThrough(port, message, ends)).toEqual({ ...message.meant, trailers: [] });
      }),
      { numRuns: 200 },
    );
  });
});

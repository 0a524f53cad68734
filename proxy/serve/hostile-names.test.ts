import { Buffer } from 'node:buffer';
import type { Socket } from 'node:dgram';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ClusterConfig, EndpointConfig } from '../cluster/cluster-config.ts';
import { DnsEndpoints } from '../cluster/dns-endpoints.ts';
import { nameLookUp } from '../cluster/name-look-up.ts';
import { namesEnvironment } from './names-environment.ts';

const name = 'api.example.com';
const A = 1;
const CNAME = 5;
const AAAA = 28;

/** Answers what a test says, from its own port and from another. */
let server: Socket;
let stranger: Socket;
let answers: (query: Buffer, type: number) => readonly (Buffer | { readonly fromStranger: Buffer })[];

beforeEach(async () => {
  [server, stranger] = [createSocket('udp4'), createSocket('udp4')];
  for (const socket of [server, stranger]) {
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
  }
  server.on('message', (query, from) => {
    for (const answer of answers(query, query.readUInt16BE(encoded(name).length + 12))) {
      if (Buffer.isBuffer(answer)) server.send(answer, from.port, from.address);
      else stranger.send(answer.fromStranger, from.port, from.address);
    }
  });
});

afterEach(() => {
  server.close();
  stranger.close();
});

const servers = () => [`127.0.0.1:${server.address().port}`];
const unknown = () => Promise.reject(Object.assign(new Error('getaddrinfo'), { code: 'ENOTFOUND' }));
const ask = (family: 'v4' | 'v6' | 'all' = 'v4') =>
  nameLookUp({ servers: servers(), lookUpHost: unknown })(name, family);

function encoded(host: string): Buffer {
  const labels = host.split('.').filter((label) => label !== '');
  return Buffer.concat([...labels.map((label) => Buffer.from([label.length, ...Buffer.from(label)])), Buffer.of(0)]);
}

function record(owner: Buffer | string, type: number, data: Buffer, ttl = 30): Buffer {
  const fixed = Buffer.alloc(10);
  fixed.writeUInt16BE(type, 0);
  fixed.writeUInt16BE(1, 2);
  fixed.writeUInt32BE(ttl, 4);
  fixed.writeUInt16BE(data.length, 8);
  return Buffer.concat([typeof owner === 'string' ? encoded(owner) : owner, fixed, data]);
}

const v4 = (address: string) => Buffer.from(address.split('.').map(Number));

function reply(query: Buffer, records: readonly Buffer[], { idOff = 0, asked = name } = {}): Buffer {
  const header = Buffer.alloc(12);
  header.writeUInt16BE((query.readUInt16BE(0) + idOff) & 0xffff, 0);
  header.writeUInt16BE(0x8580, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(records.length, 6);
  const type = query.subarray(encoded(name).length + 12, encoded(name).length + 16);
  return Buffer.concat([header, encoded(asked), type, ...records]);
}

describe('nameLookUp, against a name server on the wire', () => {
  const bad = record(name, A, v4('203.0.113.66'));
  const good = record(name, A, v4('192.0.2.1'));

  it.each<[string, (query: Buffer) => Buffer | { fromStranger: Buffer }]>([
    ['under another id', (query) => reply(query, [bad], { idOff: 1 })],
    ['from another port', (query) => ({ fromStranger: reply(query, [bad]) })],
    ['to another question', (query) => reply(query, [bad], { asked: 'api.example.net' })],
    ['of no bytes', () => Buffer.alloc(0)],
  ])('takes no answer %s, and the right one after it', async (_what, forged) => {
    answers = (query) => [forged(query), reply(query, [good])];
    expect(await ask()).toEqual({ addresses: ['192.0.2.1'], ttlMs: 30_000 });
  });

  it('follows aliases to the address at their end', async () => {
    answers = (query) => [
      reply(query, [
        record(name, CNAME, encoded('b.example.net')),
        record('b.example.net', CNAME, encoded('c.example.org')),
        record('c.example.org', A, v4('192.0.2.9'), 5),
      ]),
    ];
    expect(await ask()).toMatchObject({ addresses: ['192.0.2.9'] });
  });

  it.each<[string, readonly Buffer[]]>([
    ['aliases in a circle', [record(name, CNAME, encoded('b.c')), record('b.c', CNAME, encoded(name))]],
    ['a name that points to itself', [record(Buffer.of(0xc0, encoded(name).length + 16), A, v4('203.0.113.66'))]],
    ['an address of three bytes', [record(name, A, Buffer.of(1, 2, 3))]],
    ['an address that ends too early', [good.subarray(0, good.length - 1)]],
    ['no record', []],
  ])('says that there is nothing in an answer of %s', async (_what, records) => {
    answers = (query) => [reply(query, records)];
    await expect(ask()).rejects.toMatchObject({ code: 'ENOTFOUND' });
  });

  it('takes a time to live at the ends of its range for a time', async () => {
    for (const ttl of [0, 2 ** 31, 2 ** 32 - 1]) {
      answers = (query) => [reply(query, [record(name, A, v4('192.0.2.1'), ttl)])];
      const { ttlMs } = await ask();
      expect(Number.isFinite(ttlMs)).toBe(true);
    }
  });
});

describe('DnsEndpoints, against a name server that leads inwards', () => {
  const inward = [
    ...['127.0.0.1', '0.0.0.0', '169.254.169.254', '100.100.100.200', '224.0.0.1'].map((to) => record(name, A, v4(to))),
    ...['00000000000000000000ffff7f000001', '0064ff9b0000000000000000a9fea9fe', '00000000000000000000000000000001'].map(
      (to) => record(name, AAAA, Buffer.from(to, 'hex')),
    ),
    record(name, AAAA, Buffer.from('20027f00000100000000000000000001', 'hex')),
    record(name, AAAA, Buffer.from('fe800000000000000000000000000001', 'hex')),
  ];
  let published: string[][];
  let endpoints: DnsEndpoints;
  let again: () => void;

  beforeEach(() => {
    published = [];
    again = () => {};
    const environment = namesEnvironment(
      { dnsServers: servers(), dnsLoopback: false },
      () => {},
      () => false,
    );
    endpoints = new DnsEndpoints(
      { name: 'api', setEndpoints: (list) => published.push(list.map(({ address }) => address)) },
      {
        ...environment,
        lookUp: nameLookUp({ servers: servers(), lookUpHost: unknown }),
        after: (_delayMs, callback) => {
          again = callback;
          return () => {};
        },
      },
    );
  });
  afterEach(() => endpoints.close());

  const followed: Pick<ClusterConfig, 'dns' | 'endpoints'> = {
    dns: { family: 'all', refreshMs: 1000, respectsTtl: true, failureBaseMs: 1000, failureMaxMs: 10_000 },
    endpoints: [{ address: name, port: 443 } as EndpointConfig],
  };
  const ofType = (records: readonly Buffer[], type: number) =>
    records.filter((each) => each.readUInt16BE(encoded(name).length) === type);

  it('dials none of its addresses, whatever clothes they wear', async () => {
    answers = (query, type) => [reply(query, ofType(inward, type))];
    endpoints.follow(followed);
    await endpoints.pending;
    expect(endpoints.statuses[0]).toMatchObject({ addresses: [], lookUps: 1, failures: 1 });
    expect(published.flat()).toEqual([]);
  });

  it('keeps the others of an answer', async () => {
    answers = (query, type) => [reply(query, ofType([...inward, record(name, A, v4('192.0.2.1'))], type))];
    endpoints.follow(followed);
    await endpoints.pending;
    expect(published.at(-1)).toEqual(['192.0.2.1']);
  });

  it('stays with what was checked when the name turns round', async () => {
    answers = (query, type) => [reply(query, ofType([record(name, A, v4('192.0.2.1'), 0)], type))];
    endpoints.follow(followed);
    await endpoints.pending;
    answers = (query, type) => [reply(query, ofType(inward, type))];
    again();
    await expect.poll(() => endpoints.statuses[0]?.failures).toBe(1);
    expect(published.at(-1)).toEqual(['192.0.2.1']);
  });
});

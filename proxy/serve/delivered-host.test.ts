import { connect } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readText } from '../../examples/testing/tcp-client.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { proxyConfig } from '../config.ts';
import { headers } from '../http2/testing/wire.ts';
import type { RouteTable } from '../route/route-table.ts';
import type { ScriptedServer } from '../testing/forwarder.ts';
import { plainCluster, routeTable, startScriptedServer } from '../testing/forwarder.ts';
import { Http2Probe } from '../testing/http2-probe.ts';
import { ExternalHosts } from './external-hosts.ts';
import { ProxyPortRoutes } from './outbound-routes.ts';
import { Traffic } from './traffic.ts';

/** What an application takes its `Host` for, written by itself and not with the sidecar's own functions. */
const namesOf: Readonly<Record<string, RegExp>> = {
  'cart.default.svc.cluster.local:80': /^cart(\.default(\.svc(\.cluster\.local)?)?)?\.?(:0*80)?$/,
  'db.default.svc.cluster.local:80': /^db(\.default(\.svc(\.cluster\.local)?)?)?\.?(:0*80)?$/,
  'ad.beef.svc.cluster.local:80': /^ad\.beef(\.svc(\.cluster\.local)?)?\.?(:0*80)?$/,
  'api.example.com:80': /^api\.example\.com\.?(:0*80)?$/,
  outside:
    /^(?!\[(?![0-9a-f:.]*:)|.*\.svc(\.cluster\.local)?\.?(:\d+)?$|(cart|db|ad\.beef|api\.example\.com|localhost)\.?(:0*80)?$)/,
};

const hosts = Object.keys(namesOf).map((name) => name.replace(/:80$/, ''));
const text = fc.oneof(
  fc.constantFrom(
    'cart',
    'CART',
    'db',
    'dB.default',
    'cart.default.svc',
    'api.example.com',
    'API.Example.com',
    ...hosts,
  ),
  fc.constantFrom(
    'ad.beef',
    '[ad.beef]',
    '[cart]',
    '[::1]',
    '[fe80::1%25lo]',
    '[::ffff:10.0.0.1]',
    '10.0.0.1',
    'localhost',
  ),
  { weight: 1, arbitrary: fc.string({ unit: fc.constantFrom(...'cartdb.-_~:[]@%/\\#? \t0128'), maxLength: 12 }) },
);
/** Mostly nothing: one oddity at a time gets further than four. */
const rarely = (...oddities: string[]) =>
  fc.oneof({ weight: 6, arbitrary: fc.constant('') }, { weight: 1, arbitrary: fc.constantFrom(...oddities) });
const authority = fc
  .tuple(
    rarely('db@', 'cart:80@', '%63', ' '),
    text,
    rarely('.', '..', '%00', '%lo'),
    fc.oneof(
      fc.constantFrom('', '', ':80', ':080', ':00080', ':81'),
      rarely(':', ':0', ':65616', ':80:80', ', db', ' db', '\tdb', '#db', '\\db'),
    ),
  )
  .map((parts) => parts.join(''));

describe('the name that a request is routed by', () => {
  const servers = new Map<string, ScriptedServer>();
  const clusters: Cluster[] = [];
  const traffic = new Traffic(proxyConfig({ service: 'web', stateDirectory: '/nowhere' }), () => {});
  let port = 0;
  /** The application that was reached, and the host it was called by. */
  let told: { by: string; host: string } | null = null;

  beforeAll(async () => {
    const tables = new Map<string, RouteTable<Cluster>>();
    for (const name of Object.keys(namesOf)) {
      const server = await startScriptedServer((socket, said) => {
        const last = said.slice(said.lastIndexOf('\r\n\r\n', said.length - 5) + 1);
        if (!said.endsWith('\r\n\r\n')) return;
        told = { by: name, host: (/^host:[ \t]*(.*?)[ \t]*\r$/im.exec(last)?.[1] ?? 'none').toLowerCase() };
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
      });
      const cluster = plainCluster([server.port]);
      servers.set(name, server);
      clusters.push(cluster);
      tables.set(name, routeTable(cluster));
    }
    const outside = tables.get('outside') ?? null;
    const routes = { resolve: (name: string) => tables.get(name) ?? ('absent' as const) };
    const external = new ExternalHosts(['api.example.com:80']);
    const listener = await traffic.openProxy(
      { name: 'proxy', host: '127.0.0.1', port: 0, isHandedOver: false },
      {
        listeners: { resolve: () => 'absent' },
        routes,
        unknownHosts: () => outside,
        proxyRoutes: new ProxyPortRoutes(routes, 'default', () => ({ unknownHosts: outside, external })),
      },
    );
    port = listener.port;
  });

  afterAll(async () => {
    await traffic.close(0);
    for (const cluster of clusters) cluster.close();
    for (const server of servers.values()) await server.close();
  });

  /** Answers whether an application was reached. */
  function isTold(name: string): boolean {
    if (told === null) return false;
    expect(told.host, `what ${told.by} was told`).toMatch(namesOf[told.by] as RegExp);
    expect(told.host).toBe(name.toLowerCase());
    return true;
  }

  async function sendHttp1(request: string): Promise<void> {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write(request, 'latin1');
    await readText(socket, '\r\n\r\n');
    socket.destroy();
  }

  it('is the one that the application sees, over HTTP/1.0 and 1.1', async () => {
    const version = fc.constantFrom('1.0', '1.1');
    const forms = fc.constantFrom('origin', 'absolute', 'both');
    let delivered = 0;
    await fc.assert(
      fc.asyncProperty(authority, authority, version, forms, async (name, other, spoken, form) => {
        const target = form === 'origin' ? '/' : `http://${name}/`;
        const lines = form === 'absolute' ? '' : `Host: ${form === 'both' ? other : name}\r\n`;
        told = null;
        await sendHttp1(`GET ${target} HTTP/${spoken}\r\n${lines}\r\n`);
        // where there are two names, the target's wins (RFC 9112 section 3.2.2); it ends where path or query begins
        if (isTold(form === 'origin' ? name.trim() : name.replace(/[/?].*$/s, ''))) delivered++;
      }),
      { numRuns: 800, seed: 1 },
    );
    expect(delivered).toBeGreaterThan(150);
  });

  it('is the one that the application sees, over HTTP/2', async () => {
    const sent = fc.tuple(authority, authority, fc.constantFrom('authority', 'host', 'same', 'both'));
    let delivered = 0;
    await fc.assert(
      fc.asyncProperty(sent, async ([name, other, form]) => {
        told = null;
        const probe = new Http2Probe(connect(port, '127.0.0.1'));
        const said: [string, string][] = [
          [':method', 'GET'],
          [':scheme', 'http'],
          [':path', '/'],
        ];
        if (form !== 'host') said.push([':authority', name]);
        if (form !== 'authority') said.push(['host', form === 'both' ? other : name]);
        probe.send(headers(1, said));
        await probe.waitFor(/^(HEADERS|RST_STREAM|GOAWAY) /);
        probe.destroy();
        if (!isTold(name)) return;
        delivered++;
        if (form === 'both') expect(other.toLowerCase()).toBe(name.toLowerCase());
      }),
      { numRuns: 300, seed: 2 },
    );
    expect(delivered).toBeGreaterThan(40);
  });
});

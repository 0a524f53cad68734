import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { CertificateInfo, Edge, ProxyStatus, ServiceStat } from '../../control-plane/api/client.ts';
import type { ModelDocument } from '../../control-plane/model/kinds.ts';
import { kinds } from '../../control-plane/model/kinds.ts';
import type { Listing } from '../terminal/print.ts';
import { printListing } from '../terminal/print.ts';
import type { Style } from '../terminal/style.ts';
import { certificateListing } from './certs.ts';
import { edgeListing } from './edges.ts';
import { documentListing } from './get.ts';
import { proxyListing } from './proxies.ts';
import { statListing } from './stat.ts';
import { changeListing } from './undo.ts';

const plain: Style = { paint: (_tone, text) => text, good: '√', bad: '×', warning: '‼' };

async function table<Row>(listing: Listing<Row>, ...rows: Row[]): Promise<string[]> {
  return tableOf(Number.POSITIVE_INFINITY, listing, ...rows);
}

/** In a terminal of so many columns. */
async function tableOf<Row>(columns: number, listing: Listing<Row>, ...rows: Row[]): Promise<string[]> {
  const stdout = Object.assign(new PassThrough(), { columns });
  await printListing(listing, rows, 'table', stdout);
  return String(stdout.read()).trimEnd().split('\n');
}

const cart: ServiceStat = {
  ...{ namespace: 'default', service: 'cart', host: '', version: 'v2', countedBy: 'destination' },
  ...{ instances: 3, requests: 6426, unreached: 0, requestsPerSecond: 107.1, successRate: 0.9994, mutualTlsShare: 1 },
  ...{ p50Ms: 8.2, p95Ms: 22, p99Ms: 61.4, tcp: null, circuit: { state: 'closed', reasons: [] } },
};

describe('heddle undo --list', () => {
  const nowMs = new Date(2026, 10, 21, 15).getTime();
  const listing = changeListing(nowMs);
  const document = 'HTTPRoute/default/cart';
  const fields = [
    { path: 'spec.rules[0].backendRefs[0].weight', before: '90', after: '50' },
    { path: 'spec.rules[0].backendRefs[1].weight', before: '10', after: '50' },
  ];

  it('says when, and what was there before', async () => {
    const at = new Date(2026, 10, 21, 14, 3, 9).toISOString();
    const replaced = { document, what: 'replaced', at } as const;
    const gone = { revision: 44, document, what: 'deleted', at: null, fields: [] } as const;
    expect(
      await table(listing, gone, { ...replaced, revision: 43, fields }, { ...replaced, revision: 9, fields: [] }),
    ).toEqual([
      'REVISION   TIME       DOCUMENT                 CHANGE',
      '      44   -          HTTPRoute/default/cart   deleted',
      '      43   14:03:09   HTTPRoute/default/cart   weight 90 → 50 (+1)',
      '       9   14:03:09   HTTPRoute/default/cart   replaced',
    ]);
  });

  it('does not begin to tell a list', async () => {
    const rules = { path: 'spec.rules', before: '[{"matches":[]}]', after: '[{"matches":[]},{}]' };
    const row = { revision: 43, document, what: 'replaced', at: null } as const;
    const cell = (field: (typeof fields)[number]) => listing.columns[3]?.cell({ ...row, fields: [field] });
    expect(cell(rules)).toBe('rules changed');
    expect(cell({ ...rules, before: '' })).toBe('rules none → [{"matches"…');
  });

  it('has every field where there is room, and none for what was not there', () => {
    const cell = (all: typeof fields) =>
      listing.columns.at(-1)?.cell({ revision: 43, document, what: 'replaced', at: null, fields: all });
    expect(cell(fields)).toContain('spec.rules[0].backendRefs[0].weight 90 → 50, spec.rules[0].backendRefs[1].weight');
    expect(cell([{ path: 'spec.retry', before: '', after: '{}' }])).toBe('spec.retry none → {}');
  });
});

describe('heddle stat', () => {
  it('shows what is healthy, numbers to the right', async () => {
    const idle = { ...cart, service: 'db', requests: 0, requestsPerSecond: 0 };
    const none = { successRate: null, p50Ms: null, p95Ms: null, p99Ms: null, mutualTlsShare: null };
    expect(await table(statListing('service', [cart]), cart, { ...idle, ...none })).toEqual([
      'SERVICE   INSTANCES   SUCCESS     RPS     P50    P95    P99   MTLS   CIRCUIT',
      'cart              3    99.94%   107.1   8.2ms   22ms   61ms   100%   closed',
      'db                3         -     0.0       -      -      -      -   closed',
    ]);
  });

  it.each<[ServiceStat['circuit'], string]>([
    [null, '-'],
    [{ state: 'half', reasons: ['1/3 ejected'] }, '1/3 ejected'],
    [{ state: 'open', reasons: ['20/20 connections', '1/3 ejected'] }, 'open (20/20 connections, 1/3 ejected)'],
  ])('shows the circuit %j as %s', async (circuit, shown) => {
    const column = statListing('service', []).columns.find(({ header }) => header === 'CIRCUIT');
    expect(column?.cell({ ...cart, circuit })).toBe(shown);
  });

  it('has words for what no service has the name of', async () => {
    const outside = { ...cart, service: 'PassthroughCluster' };
    const lines = await table(statListing('service', [cart]), outside, { ...outside, host: 'example.com' });
    expect(lines[1]).toMatch(/^\(outside the mesh\) {6}/);
    expect(lines[2]).toMatch(/^example\.com \(outside\) {3}/);
  });

  it('shows requests that got to no instance where there are some', async () => {
    const some = { ...cart, unreached: 3 };
    const [header, row] = await table(statListing('service', [some]), some);
    expect(header).toMatch(/CIRCUIT {3}UNREACHED$/);
    expect(row).toMatch(/ 3$/);
  });

  it('shows open connections and their bytes where there is TCP', async () => {
    const none = { requests: 0, requestsPerSecond: 0, successRate: null, p50Ms: null, p95Ms: null, p99Ms: null };
    const tcp = { open: 2, opened: 5, failed: 0, readBytesPerSecond: 34.56, writtenBytesPerSecond: 1_234_000 };
    const store = { ...cart, ...none, service: 'store', tcp };
    expect(await table(statListing('service', [cart, store]), cart, store)).toEqual([
      'SERVICE   INSTANCES   SUCCESS     RPS     P50    P95    P99   MTLS   CIRCUIT   TCP_CONN   READ_BYTES/SEC   WRITE_BYTES/SEC',
      'cart              3    99.94%   107.1   8.2ms   22ms   61ms   100%   closed           -                -                 -',
      'store             3         -     0.0       -      -      -   100%   closed           2          34.6B/s           1.2MB/s',
    ]);
  });

  it('fits into 80 columns, with what needs more words below its row', async () => {
    const reasons = ['1/1 requests waiting', '1/2 ejected'];
    const recommend = { ...cart, service: 'recommend', unreached: 22, circuit: { state: 'open', reasons } } as const;
    const tcp = { open: 2, opened: 5, failed: 0, readBytesPerSecond: 34.56, writtenBytesPerSecond: 1_234_000 };
    const rows = [{ ...cart, mutualTlsShare: 0.5 }, recommend, { ...cart, service: 'api.example.com', tcp }];
    const lines = await tableOf(80, statListing('service', rows), ...rows);
    expect(lines).toEqual([
      'SERVICE          INSTANCES  SUCCESS    RPS    P50   P95   P99    MTLS  CIRCUIT',
      'cart                     3   99.94%  107.1  8.2ms  22ms  61ms  50.00%  closed',
      'recommend                3   99.94%  107.1  8.2ms  22ms  61ms    100%  open',
      '  circuit: 1/1 requests waiting, 1/2 ejected · 22 requests got to no instance',
      'api.example.com          3   99.94%  107.1  8.2ms  22ms  61ms    100%  closed',
      '  2 TCP connections open, 34.6B/s read, 1.2MB/s written',
    ]);
  });

  it('tells connections that came to nothing, where there are some', async () => {
    const tcp = { open: 2, opened: 5, failed: 3, readBytesPerSecond: 0, writtenBytesPerSecond: 0 };
    const [header, row] = await table(statListing('service', [{ ...cart, tcp }]), { ...cart, tcp });
    expect(header).toMatch(/TCP_CONN {3}TCP_FAILED {3}READ/);
    expect(row).toMatch(/ 2 {12}3 {2}/);
  });

  it('has a column for the version when asked', async () => {
    const [header, row] = await table(statListing('version', [cart]), cart);
    expect(header).toMatch(/^SERVICE {3}VERSION {3}INSTANCES/);
    expect(row).toMatch(/^cart {6}v2 /);
  });
});

describe('heddle get', () => {
  const route = { kind: 'HTTPRoute', metadata: { name: 'cart', namespace: 'shop' } } as ModelDocument;

  it('has a column for the namespace where documents of several may stand', async () => {
    expect(await table(documentListing(kinds.HTTPRoute, 'shop', 0), route)).toEqual([
      'NAME   REVISION   AGE',
      'cart          -     -',
    ]);
    const [header, row] = await table(documentListing(kinds.HTTPRoute, null, 0), route);
    expect(header).toMatch(/^NAMESPACE {3}NAME /);
    expect(row).toMatch(/^shop {8}cart /);
  });

  it('shows what the ports of services and workloads carry', async () => {
    const service = {
      kind: 'Service',
      metadata: { name: 'store', namespace: 'shop' },
      spec: {
        ports: [
          { port: 80, appProtocol: 'kubernetes.io/h2c' },
          { port: 6379 },
          { port: 53, protocol: 'UDP', appProtocol: 'dns' },
        ],
      },
      status: {
        ports: [
          { port: 80, protocol: 'http2', saidBy: 'appProtocol' },
          { port: 6379, protocol: 'tcp', saidBy: 'well-known port' },
        ],
      },
    } as unknown as ModelDocument;
    const workload = {
      kind: 'Workload',
      metadata: { name: 'store-1', namespace: 'shop' },
      spec: { ports: [{ port: 8080 }, { port: 50_051, appProtocol: 'grpc' }] },
      status: { phase: 'Registered' },
    } as unknown as ModelDocument;
    const external = {
      kind: 'ExternalService',
      metadata: { name: 'api', namespace: 'shop' },
      spec: { hosts: ['api.example.com', 'b.example.com'], ports: [{ port: 80, protocol: 'HTTP' }], tls: {} },
    } as unknown as ModelDocument;
    const none = { ...workload, spec: { ports: [] } } as unknown as ModelDocument;
    expect((await table(documentListing(kinds.Service, 'shop', 0), service))[1]).toMatch(
      /^store {3}80\/http2,6379\/tcp,53\/dns /,
    );
    expect((await table(documentListing(kinds.ExternalService, 'shop', 0), external))[1]).toMatch(
      /^api {4}api\.example\.com,b\.example\.com {3}80\/http\+tls /,
    );
    expect(await table(documentListing(kinds.Workload, 'shop', 0), workload, none)).toEqual([
      'NAME      PORTS                  REVISION   AGE',
      'store-1   8080/auto,50051/grpc          -     -',
      'store-1   -                             -     -',
    ]);
  });

  it('says what else to look at where there is nothing', () => {
    expect(documentListing(kinds.HTTPRoute, 'shop', 0).empty).toEqual({
      message: 'there are no httproutes in namespace shop',
      hint: 'heddle get httproutes -A',
    });
    expect(documentListing(kinds.HTTPRoute, null, 0).empty.hint).toBe('heddle apply --help');
    expect(documentListing(kinds.Service, 'default', 0).empty).toEqual({
      message: 'no Service has been applied in namespace default; services that run need none',
      hint: 'heddle stat',
    });
  });
});

describe('heddle edges', () => {
  const edge: Edge = {
    source: { namespace: 'default', service: 'web' },
    destination: { namespace: 'default', service: 'cart' },
    ...{ countedBy: 'destination', requests: 10, requestsPerSecond: 1, successRate: 1, mutualTlsShare: 1 },
    ...{
      p50Ms: 1,
      p95Ms: 1,
      p99Ms: 1,
      tcp: null,
      host: '',
      isReached: true,
      isSecured: true,
      isPending: false,
      reason: null,
    },
    clientIds: ['spiffe://td/ns/default/sa/web'],
    serverIds: ['spiffe://td/ns/default/sa/cart'],
  };

  it('shows who calls whom, and as whom', async () => {
    const outside = { source: { namespace: '', service: '' }, clientIds: [], isSecured: false, reason: 'plaintext' };
    const edges = [edge, { ...edge, ...outside }];
    expect(await table(edgeListing(plain, edges, false), ...edges)).toEqual([
      'SRC   DST    SECURED   CLIENT ID              SERVER ID               NOTE',
      'web   cart   √         td/ns/default/sa/web   td/ns/default/sa/cart',
      '-     cart   ×         -                      td/ns/default/sa/cart   plaintext',
    ]);
  });

  it('shows open connections and their bytes where there is TCP', async () => {
    const tcp = { open: 1, opened: 0, failed: 0, readBytesPerSecond: 0, writtenBytesPerSecond: 999.96 };
    const store = { ...edge, requests: 0, tcp };
    expect(await table(edgeListing(plain, [store], false), store)).toEqual([
      'SRC   DST    SECURED   TCP_CONN   READ_BYTES/SEC   WRITE_BYTES/SEC   CLIENT ID              SERVER ID',
      'web   cart   √                1           0.0B/s           1.0kB/s   td/ns/default/sa/web   td/ns/default/sa/cart',
    ]);
  });

  it('does not raise an alarm while one end has not reported', async () => {
    const waiting = { ...edge, isSecured: false, isPending: true, reason: 'the callee has not reported yet' };
    expect((await table(edgeListing(plain, [waiting], false), waiting))[1]).toMatch(/^web +cart +… /);
  });

  it('says neither yes nor no where nothing came to an instance', async () => {
    const answered = { ...edge, isSecured: false, isReached: false, reason: 'the caller answers it' };
    expect((await table(edgeListing(plain, [answered], false), answered))[1]).toMatch(/^web +cart +- /);
  });

  it('fits into 80 columns, with ids of the one trust domain that there is', async () => {
    const reason = '9 of 13 requests were sent without mutual TLS';
    const recommend = {
      ...edge,
      destination: { namespace: 'default', service: 'recommend' },
      isSecured: false,
      reason,
    };
    expect(await tableOf(80, edgeListing(plain, [edge, recommend], false), edge, recommend)).toEqual([
      'SRC   DST         SECURED   CLIENT ID           SERVER ID',
      'web   cart        √         ns/default/sa/web   ns/default/sa/cart',
      'web   recommend   ×         ns/default/sa/web   ns/default/sa/cart',
      '  9 of 13 requests were sent without mutual TLS',
    ]);
  });

  it('has whole ids when asked, and no column for reasons where there are none', async () => {
    expect(await table(edgeListing(plain, [edge], true), edge)).toEqual([
      'SRC   DST    SECURED   CLIENT ID                       SERVER ID',
      'web   cart   √         spiffe://td/ns/default/sa/web   spiffe://td/ns/default/sa/cart',
    ]);
  });
});

describe('heddle proxies', () => {
  const status = { subscribed: 4, sent: 4, acknowledged: 4, inForce: 4, rejected: 0 };
  const proxy: ProxyStatus = {
    ...{ name: 'web-1', namespace: 'default', service: 'web', version: '', heddleVersion: '0.1.0' },
    ...{ identity: 'spiffe://td/ns/default/sa/web', address: '127.0.0.1', connectedAtMs: 1_000, lastPushMs: 2_000 },
    ...{ resources: { RDS: status, CDS: { ...status, inForce: 3 } }, rejected: [], synced: true, convergenceMs: 12 },
  };

  it('shows who has in force what it should', async () => {
    const behind = { ...proxy, name: 'web-2', version: 'v1', synced: false, convergenceMs: null };
    expect(await table(proxyListing(62_000), proxy, behind)).toEqual([
      'NAME    SERVICE   VERSION   STATE     IN FORCE   TOOK   CONNECTED   REJECTED',
      'web-1   web       -         in sync        7/8   12ms       1m01s   -',
      'web-2   web       v1        behind         7/8      -       1m01s   -',
    ]);
  });

  it('gives the newest reason for which a sidecar has rejected something', async () => {
    const refusal = { typeUrl: 't', name: 'cart:80', version: '1', reason: 'no cluster', atMs: 1 };
    const [, row] = await table(proxyListing(0), { ...proxy, rejected: [refusal, refusal] });
    expect(row).toContain('rejected');
    expect(row).toMatch(/cart:80: no cluster \(and 1 more\)$/);
  });
});

describe('heddle certs', () => {
  it('shows how long each certificate is good', async () => {
    const certificate: CertificateInfo = {
      ...{ role: 'workload', identity: 'spiffe://td/ns/default/sa/web', fingerprintSha256: 'aa' },
      ...{ notBefore: '2026-01-01T00:00:00Z', notAfter: '2026-01-02T00:00:00Z' },
    };
    const rows = await table(certificateListing(Date.parse('2026-01-01T00:48:00Z')), certificate);
    expect(rows[1]).toBe('workload   spiffe://td/ns/default/sa/web       23h12m');
    const late = await table(certificateListing(Date.parse('2026-01-03T00:00:00Z')), certificate);
    expect(late[1]).toMatch(/expired$/);
  });
});

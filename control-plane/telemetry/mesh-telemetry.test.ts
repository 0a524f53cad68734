import { spawnSync } from 'node:child_process';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { hasProgram } from '../../examples/testing/programs.ts';
import type { Input } from '../../proto/load.ts';
import { registerMeshMetrics } from './mesh-metrics.ts';
import { MeshTelemetry } from './mesh-telemetry.ts';
import { MeshTotals } from './mesh-totals.ts';
import { readSeries } from './reported-series.ts';
import { cartId, decodedReport, decodedSeries, seriesMessage, webId } from './testing/reports.ts';

const cart = { identity: cartId, namespace: 'default', service: 'cart' };
const web = { identity: webId, namespace: 'default', service: 'web' };
const nowMs = 1_700_000_000_000;

function mesh() {
  const clock = { nowMs: nowMs - 60_000 };
  const telemetry = new MeshTelemetry({ now: () => clock.nowMs });
  clock.nowMs = nowMs;
  let sequence = 0;
  const report = (sidecar: typeof cart, ...series: Input<'heddle.v1.Series'>[]) => {
    sequence++;
    return telemetry.accept(decodedReport({ sequence, interval_end_ms: clock.nowMs, series }), sidecar);
  };
  return { clock, telemetry, report };
}

const sent = (overrides: Input<'heddle.v1.Series'> = {}, timesMs?: number[]) =>
  seriesMessage({ reporter: 'SOURCE', ...overrides }, timesMs);
const received = seriesMessage;
const tcp = { protocol: 'tcp', route: '', response_code: 0, request_bytes: 600, response_bytes: 6000 } as const;
const tcpSent = (overrides: Input<'heddle.v1.Series'>) => sent({ ...tcp, ...overrides }, []);
const tcpReceived = (overrides: Input<'heddle.v1.Series'>) => received({ ...tcp, ...overrides }, []);

describe('stat', () => {
  it('has rate, success, latencies and mutual TLS of each version', () => {
    const { telemetry, report } = mesh();
    report(
      cart,
      received(
        {},
        Array.from({ length: 96 }, (_, i) => i + 1),
      ),
    );
    report(cart, received({ response_code: 503, destination_workload: 'cart-v1-2', mutual_tls: false }, [1, 1, 1, 1]));
    report(cart, received({ destination_version: 'v2', destination_workload: 'cart-v2-1' }, [500]));
    expect(telemetry.stat(60)).toEqual([
      {
        namespace: 'default',
        service: 'cart',
        host: '',
        version: 'v1',
        countedBy: 'destination',
        instances: 2,
        unreached: 0,
        requests: 100,
        requestsPerSecond: 100 / 60,
        successRate: 0.96,
        p50Ms: expect.closeTo(46, -0.5),
        p95Ms: expect.closeTo(91, -0.7),
        p99Ms: expect.closeTo(95, -0.7),
        mutualTlsShare: 0.96,
        tcp: null,
        circuit: null,
      },
      expect.objectContaining({ version: 'v2', instances: 1, requests: 1, p50Ms: expect.closeTo(500, -1.3) }),
    ]);
    expect(telemetry.stat(60, 'service')).toMatchObject([{ version: '', instances: 3, requests: 101 }]);
  });

  it('counts a request that both ends report once, where it arrived', () => {
    const { telemetry, report } = mesh();
    report(web, sent({}, [12, 12]));
    report(cart, received({}, [10]));
    expect(telemetry.stat(60)).toMatchObject([{ requests: 1, countedBy: 'destination' }]);
  });

  it('counts a service without sidecars by its callers', () => {
    const { telemetry, report } = mesh();
    report(web, sent({ destination_service: 'legacy.default.svc.cluster.local', mutual_tls: false }));
    expect(telemetry.stat(60)).toMatchObject([{ service: 'legacy', countedBy: 'source', mutualTlsShare: 0 }]);
  });

  it('shows apart what never reached the service, and as failed where nobody else counts', () => {
    const { telemetry, report } = mesh();
    const unreached = { destination_workload: '', destination_version: '', response_code: 503, response_flags: 'UH' };
    report(web, sent(unreached, [1, 1, 1]));
    expect(telemetry.stat(60)).toMatchObject([{ successRate: 0, requests: 3, unreached: 3, instances: 0 }]);
    report(cart, received());
    expect(telemetry.stat(60, 'service')).toMatchObject([{ successRate: 1, requests: 1, unreached: 3 }]);
    expect(telemetry.stat(60)).toMatchObject([{ version: 'v1', requests: 1, unreached: 0 }]);
  });

  it.each([
    ['0', 1],
    ['5', 1],
    ['7', 1],
    ['2', 0],
    ['4', 0],
    ['14', 0],
  ])('takes gRPC status %s for a success share of %i, whatever HTTP says', (grpc_response_status, share) => {
    const { telemetry, report } = mesh();
    report(cart, received({ response_code: 200, protocol: 'grpc', grpc_response_status }));
    expect(telemetry.stat(60)).toMatchObject([{ successRate: share }]);
  });

  it.each([
    [200, '-', 1],
    [404, '-', 1],
    [500, '-', 0],
    [504, 'UT', 0],
    [404, 'NR', 0],
    [0, 'DC', 1],
    [400, 'DPE', 1],
    [502, 'UC', 0],
  ])('takes status %i with flag %s for a success share of %i', (response_code, response_flags, share) => {
    const { telemetry, report } = mesh();
    report(cart, received({ response_code, response_flags }));
    expect(telemetry.stat(60)).toMatchObject([{ successRate: share }]);
  });

  it('has no row for requests that no route took', () => {
    const { telemetry, report } = mesh();
    report(web, sent({ destination_service: '', destination_workload: '', response_code: 404, response_flags: 'NR' }));
    expect(telemetry.stat(60)).toEqual([]);
    expect(telemetry.edges(60)).toEqual([]);
  });
});

describe('edges', () => {
  it('is secured when both ends say mutual TLS and who they are', () => {
    const { telemetry, report } = mesh();
    report(web, sent({}, [12, 12]));
    report(cart, received({}, [10, 10]));
    expect(telemetry.edges(60)).toMatchObject([
      {
        source: { namespace: 'default', service: 'web' },
        destination: { namespace: 'default', service: 'cart' },
        countedBy: 'destination',
        requests: 2,
        mutualTlsShare: 1,
        clientIds: [webId],
        serverIds: [cartId],
        isSecured: true,
        reason: null,
      },
    ]);
  });

  it('says of what no service has the name of that it is outside', () => {
    const { telemetry, report } = mesh();
    report(web, sent({ destination_service: 'PassthroughCluster', destination_workload: '', mutual_tls: false }));
    expect(telemetry.edges(60)).toMatchObject([
      { host: '', isSecured: false, reason: 'outside the mesh: no service or ExternalService has this name' },
    ]);
  });

  it('tells hosts that no document names apart, here and in stat', () => {
    const { telemetry, report } = mesh();
    const outside = { destination_service: 'PassthroughCluster', destination_workload: '', mutual_tls: false };
    const called = ['b.example', 'a.example', 'a.example'].map((host) => sent({ ...outside, host }));
    report(web, ...called, sent({ host: 'c.example' }));
    const rows = [
      { host: '', requests: 1 },
      { host: 'a.example', requests: 2 },
      { host: 'b.example', requests: 1 },
    ];
    expect(telemetry.edges(60).toSorted((a, b) => (a.host < b.host ? -1 : 1))).toMatchObject(rows);
    const byHost = telemetry.stat(60, 'service').toSorted((a, b) => (a.host < b.host ? -1 : 1));
    expect(byHost).toMatchObject(rows);
  });

  it.each([
    ['a redirect', { response_code: 301 }],
    ['a fixed answer', { response_code: 404 }],
    ['admission control', { response_code: 503 }],
  ])('lacks no mutual TLS where %s is what the sidecar of the caller answers', (_, answer) => {
    const { telemetry, report } = mesh();
    const own = sent({ ...answer, destination_workload: '', response_flags: '-', mutual_tls: false, unsent: true });
    report(web, own);
    const alone = { isSecured: false, isReached: false, mutualTlsShare: null };
    expect(telemetry.edges(60)).toMatchObject([
      { ...alone, reason: "the caller's sidecar answers these requests by a rule" },
    ]);
    expect(telemetry.stat(60, 'service')).toMatchObject([{ instances: 0, unreached: 0, mutualTlsShare: null }]);
    report(web, sent());
    report(cart, received());
    expect(telemetry.edges(60)).toMatchObject([{ isSecured: true, isReached: true, reason: null }]);
  });

  it('has one row of a host outside, whose namespace a sidecar cannot tell where it answers by itself', () => {
    const { telemetry, report } = mesh();
    const host = { destination_service: 'api.example.com', destination_workload: '', mutual_tls: false };
    report(web, sent({ ...host, destination_namespace: 'shop' }));
    report(web, sent({ ...host, destination_namespace: '', response_code: 404, response_flags: 'NR' }));
    const other = { ...host, destination_service: 'other.example.com', destination_namespace: '' };
    report(web, sent({ ...other, response_code: 302 }));
    const [one, two] = [
      { namespace: '', service: 'other.example.com' },
      { namespace: 'shop', service: 'api.example.com' },
    ];
    expect(telemetry.edges(60)).toMatchObject([
      { destination: one, requests: 1 },
      { destination: two, requests: 2 },
    ]);
    expect(telemetry.stat(60)).toMatchObject([one, { ...two, requests: 2 }]);
  });

  it('meets at the service that the workload registered as, whatever Service the caller asked for', () => {
    const { telemetry, report } = mesh();
    report(web, sent({ destination_service: 'shopping.default.svc.cluster.local' }));
    report(cart, received());
    expect(telemetry.edges(60)).toMatchObject([{ destination: { service: 'cart' }, isSecured: true }]);
  });

  const other = 'spiffe://cluster.local/ns/default/sa/other';
  it.each([
    ['the callee has no sidecar', [sent({ mutual_tls: false })], []],
    ['the callee has not reported yet', [sent()], []],
    ['the caller has not reported yet', [], [received()]],
    ['none of the requests has reached an instance', [sent({ response_flags: 'UF', response_code: 503 })], []],
    ['1 of 2 requests arrived without mutual TLS', [sent()], [received(), received({ mutual_tls: false })]],
    ['1 of 2 requests were sent without mutual TLS', [sent(), sent({ mutual_tls: false })], [received()]],
    [`the caller was seen as ${other} and reports as ${webId}`, [sent()], [received({ source_principal: other })]],
    [
      `the callee was seen as ${other} and reports as ${cartId}`,
      [sent({ destination_principal: other })],
      [received()],
    ],
  ])('is not secured when %s', (reason, sends, receives) => {
    const { telemetry, report } = mesh();
    report(web, ...sends);
    report(cart, ...receives);
    const isPending = reason.endsWith('has not reported yet');
    const isReached = !reason.startsWith('none');
    expect(telemetry.edges(60)).toMatchObject([{ isSecured: false, isPending, isReached, reason }]);
  });

  it('has no name for a caller without a certificate', () => {
    const { telemetry, report } = mesh();
    const nobody = { source_service: '', source_namespace: '', source_workload: '', source_principal: '' };
    report(cart, received({ ...nobody, mutual_tls: false }));
    expect(telemetry.edges(60)).toMatchObject([
      { source: { namespace: '', service: '' }, mutualTlsShare: 0, clientIds: [] },
    ]);
  });

  it('is secured while a fault answers in place of the service', () => {
    const { telemetry, report } = mesh();
    const aborted = { destination_workload: '', response_code: 503, response_flags: 'FI', mutual_tls: false };
    report(web, sent(), sent(aborted));
    report(cart, received());
    expect(telemetry.edges(60)).toMatchObject([{ isSecured: true, reason: null }]);
    expect(telemetry.stat(60, 'service')).toMatchObject([{ requests: 1, unreached: 1, mutualTlsShare: 1 }]);
  });

  it('claims no identities for connections that never were', () => {
    const { telemetry, report } = mesh();
    report(web, sent({ response_flags: 'UF', response_code: 503 }));
    expect(telemetry.edges(60)).toMatchObject([{ serverIds: [], clientIds: [] }]);
  });
});

describe('TCP', () => {
  it('has edges of its own, counted where connections arrive', () => {
    const { telemetry, report } = mesh();
    report(web, tcpSent({ connections_opened: 3, connections_closed: 1, connections_open: 2 }));
    report(cart, tcpReceived({ connections_opened: 3, connections_closed: 1, connections_open: 2 }));
    const row = {
      requests: 0,
      successRate: null,
      p99Ms: null,
      mutualTlsShare: 1,
      tcp: { open: 2, opened: 3, failed: 0, readBytesPerSecond: 10, writtenBytesPerSecond: 100 },
    };
    expect(telemetry.stat(60)).toMatchObject([{ service: 'cart', instances: 1, unreached: 0, ...row }]);
    const [edge, ...others] = telemetry.edges(60);
    expect(edge).toMatchObject({ source: { service: 'web' }, isSecured: true, serverIds: [cartId], ...row });
    expect(others).toEqual([]);
  });

  it('shows how many connections are open now, however long they are idle, and none of a sidecar that is gone', () => {
    const { clock, telemetry, report } = mesh();
    const open = () => telemetry.edges(60)[0]?.tcp;
    report(cart, tcpReceived({ connections_opened: 2, connections_open: 2 }));
    for (let i = 0; i < 20; i++) {
      clock.nowMs += 5000;
      report(cart, tcpReceived({ connections_open: 2, request_bytes: 0, response_bytes: 0 }));
      expect(open()?.open).toBe(2);
    }
    expect(open()).toMatchObject({ opened: 0, readBytesPerSecond: 0 });
    clock.nowMs += 25_000;
    expect(open()?.open).toBe(0);
    clock.nowMs += 60_000;
    expect(telemetry.edges(60)).toEqual([]);
  });

  it.each([
    ['none of the connections has reached an instance', { response_flags: 'UF', connections_closed: 1 }, null],
    ['the callee has no sidecar', { connections_open: 1, mutual_tls: false }, null],
    ['1 of 1 connections arrived without mutual TLS', { connections_open: 1 }, { mutual_tls: false }],
  ])('is not secured when %s', (reason, sends, receives) => {
    const { telemetry, report } = mesh();
    report(web, tcpSent({ connections_opened: 1, ...sends }));
    if (receives !== null) report(cart, tcpReceived({ connections_opened: 1, connections_open: 1, ...receives }));
    expect(telemetry.edges(60)).toMatchObject([{ isSecured: false, reason }]);
  });

  it('counts connections that came to nobody as unreached', () => {
    const { telemetry, report } = mesh();
    report(web, tcpSent({ response_flags: 'UH', connections_opened: 4, connections_closed: 4 }));
    expect(telemetry.stat(60)).toMatchObject([{ unreached: 4, instances: 0, requests: 0 }]);
  });

  it('counts connections that its own sidecar closed as failed', () => {
    const { telemetry, report } = mesh();
    report(cart, tcpReceived({ connections_opened: 3, connections_open: 3 }));
    report(cart, tcpReceived({ response_flags: 'RL', connections_opened: 2, connections_closed: 2 }));
    expect(telemetry.stat(60)).toMatchObject([{ service: 'cart', tcp: { open: 3, opened: 5, failed: 2 } }]);
  });

  it('stands beside the requests of the same service', () => {
    const { telemetry, report } = mesh();
    report(cart, received({ mutual_tls: false }), tcpReceived({ connections_opened: 3, connections_open: 3 }));
    expect(telemetry.stat(60)).toMatchObject([{ requests: 1, successRate: 1, tcp: { open: 3 }, mutualTlsShare: 0.75 }]);
    expect(telemetry.edges(60)[0]?.reason).toBe('1 of 4 requests and connections arrived without mutual TLS');
  });

  it('has totals of its own', async () => {
    const { telemetry, report } = mesh();
    report(cart, tcpReceived({ connections_opened: 3, connections_closed: 1, connections_open: 2 }));
    report(cart, tcpReceived({ connections_open: 2 }));
    const registry = new Registry();
    registerMeshMetrics(registry, telemetry);
    const lines = (await registry.metrics()).split('\n').filter((line) => line.startsWith('heddle_mesh_'));
    expect(lines.map((line) => line.replace(/\{.*\}/, ''))).toEqual([
      'heddle_mesh_tcp_connections_opened_total 3',
      'heddle_mesh_tcp_connections_closed_total 1',
      'heddle_mesh_tcp_received_bytes_total 1200',
      'heddle_mesh_tcp_sent_bytes_total 12000',
    ]);
  });
});

describe('MeshTelemetry.accept', () => {
  it('counts a report that is sent again once', () => {
    const { telemetry } = mesh();
    const report = decodedReport({ sequence: 7, interval_end_ms: nowMs, series: [seriesMessage()] });
    expect(telemetry.accept(report, cart).isNew).toBe(true);
    expect(telemetry.accept(report, cart).isNew).toBe(false);
    expect(telemetry.stat(60)).toMatchObject([{ requests: 1 }]);
    expect(telemetry.counts).toMatchObject({ accepted: 1, repeated: 1 });
  });

  it('does not let one sidecar use up the numbers of another', () => {
    const { telemetry } = mesh();
    const report = decodedReport({ sequence: 7, interval_end_ms: nowMs, series: [seriesMessage()] });
    telemetry.accept({ ...report, sequence: '9007199254740991' }, web);
    expect(telemetry.accept(report, cart).isNew).toBe(true);
  });

  it('takes what is right in a report and says what is wrong', () => {
    const { telemetry, report } = mesh();
    const outcome = report(cart, received(), received({ destination_namespace: 'prod' }), received({ count: 5 }));
    expect(outcome.refusal?.reason).toBe(`${cartId} reports for namespace prod`);
    expect(telemetry.counts.refused).toEqual({ foreign: 1, invalid: 1 });
    expect(telemetry.stat(60)).toMatchObject([{ requests: 1 }]);
  });
});

describe('MeshTotals', () => {
  it('counts what exceeds its bound as other, apart for each end', () => {
    const totals = new MeshTotals(2);
    for (let status = 200; status < 204; status++) {
      for (const [reporter, sidecar] of [['DESTINATION', cart] as const, ['SOURCE', web] as const]) {
        const series = readSeries(decodedSeries({ reporter, response_code: status }), sidecar);
        if ('refused' in series) throw new Error(series.reason);
        totals.add(series);
      }
    }
    const found = [...totals.all()].map(({ labels, requests }) => [labels.reporter, labels.response_code, requests]);
    expect(found).toEqual([
      ['destination', '200', 1],
      ['source', '200', 1],
      ['destination', 'other', 3],
      ['source', 'other', 3],
    ]);
  });
});

describe('registerMeshMetrics', () => {
  it('has the totals, which do not change when they are scraped', async () => {
    const { telemetry, report } = mesh();
    report(cart, received({}, [1, 2, 3]));
    const registry = new Registry();
    registerMeshMetrics(registry, telemetry);
    const line =
      'heddle_mesh_requests_total{reporter="destination",source_namespace="default",source_service="web",' +
      'destination_namespace="default",destination_service="cart",destination_version="v1",response_code="200",' +
      'response_flags="-",connection_security_policy="mutual_tls"} 3';
    expect((await registry.metrics()).split('\n')).toContain(line);
    expect((await registry.metrics()).split('\n')).toContain(line);
  });

  it.skipIf(!hasProgram('promtool'))('passes promtool check metrics', async () => {
    const { telemetry, report } = mesh();
    report(cart, received());
    const registry = new Registry();
    registerMeshMetrics(registry, telemetry);
    const { status, stderr } = spawnSync('promtool', ['check', 'metrics'], {
      input: await registry.metrics(),
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });
});

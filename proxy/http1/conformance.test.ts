import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Forwarder, MeshOfTwo } from '../testing/forwarder.ts';
import { startForwarder, startMesh } from '../testing/forwarder.ts';
import type { ConformanceCase } from './testing/conformance/conformance-case.ts';
import { CaseUpstream, runCase } from './testing/conformance/conformance-run.ts';
import { exchanges } from './testing/conformance/exchanges.ts';
import { headerFields } from './testing/conformance/header-fields.ts';
import { hopByHop } from './testing/conformance/hop-by-hop.ts';
import { http10 } from './testing/conformance/http10.ts';
import { requestFraming } from './testing/conformance/request-framing.ts';
import { requestLines } from './testing/conformance/request-lines.ts';
import { responses } from './testing/conformance/responses.ts';
import { upgrades } from './testing/conformance/upgrades.ts';

const topics = {
  'request lines': requestLines,
  'header fields': headerFields,
  'hop-by-hop headers': hopByHop,
  'framing of requests': requestFraming,
  responses,
  exchanges,
  'HTTP/1.0': http10,
  upgrades,
} as const satisfies Record<string, readonly ConformanceCase[]>;
const cases = Object.values(topics).flat();

const whole = (bytes: string) => [bytes];
const byteByByte = (bytes: string) => [...bytes];

describe('the conformance table of HTTP/1.1', () => {
  it('is long, and names each case once', () => {
    expect(cases.length).toBeGreaterThan(250);
    const names = Object.values(topics).map((topic) => topic.map(({ name }) => name));
    for (const topic of names) expect(new Set(topic).size).toBe(topic.length);
  });
});

describe.each(Object.entries(topics))('HTTP/1.1 through one sidecar: %s', (_topic, rows) => {
  let upstream: CaseUpstream;
  let sidecar: Forwarder;

  beforeEach(async () => {
    upstream = await CaseUpstream.start();
    sidecar = await startForwarder([upstream.port]);
  });

  afterEach(async () => {
    await sidecar.close();
    await upstream.close();
  });

  it.each([...rows])('$name (RFC $source)', (row) => runCase(row, sidecar.port, upstream, whole));

  it.each(rows.filter(isShort).map(inPieces))('$name (RFC $source), byte by byte', (row) =>
    runCase(row, sidecar.port, upstream, byteByByte),
  );
});

describe.each(Object.entries(topics))('HTTP/1.1 through both sidecars: %s', (_topic, rows) => {
  let upstream: CaseUpstream;
  let mesh: MeshOfTwo;
  const closers: (() => Promise<void>)[] = [];

  beforeEach(async () => {
    upstream = await CaseUpstream.start();
    mesh = await startMesh(upstream.port, (close) => closers.push(close));
  });

  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
    await upstream.close();
  });

  it.each([...rows])('$name (RFC $source)', (row) => runCase(row, mesh.outbound.port, upstream, whole));
});

/** The long ones are about size, not about where they are cut. */
function isShort({ steps }: ConformanceCase): boolean {
  return steps.every(([kind, bytes]) => kind !== 'client sends' || String(bytes).length < 400);
}

/** What is refused in the middle of a body has begun to reach the upstream when it came in pieces. */
function inPieces(row: ConformanceCase): ConformanceCase {
  const isRefused = row.steps.some(
    ([kind, status]) => kind === 'client is answered' && Math.floor(Number(status) / 100) === 4,
  );
  return isRefused ? { ...row, steps: row.steps.filter(([kind]) => kind !== 'upstream gets') } : row;
}

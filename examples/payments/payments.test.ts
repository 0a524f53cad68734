import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { freePorts } from '../../cli/demo/free-ports.ts';
import type { Kind } from '../../control-plane/model/kinds.ts';
import { kindNamed } from '../../control-plane/model/kinds.ts';
import { parseDocuments } from '../../control-plane/model/parse-documents.ts';
import { TestMesh } from '../testing/mesh.ts';
import { SidecarProcess, sourceProgram } from '../workers/sidecar-process.ts';
import type { Pay, Told } from './client.ts';
import { overHttp1, overHttp2 } from './client.ts';

/** What takes longer has hung: a sidecar that starts from source takes a busy machine half a minute. */
const LIMIT_MS = 120_000;

let mesh: TestMesh;
let application: ChildProcess;
let ports: { http: number; http2: number };
let leaving: SidecarProcess;
const payers: Record<string, Pay> = {};
const closers: (() => void)[] = [];

/** A caller, three instances of what it calls, all in front of one application, which is several processes. */
beforeAll(async () => {
  mesh = await TestMesh.start();
  await writeFile(join(mesh.directory, 'ledger'), '');
  const [http = 0, http2 = 0, localHttp = 0, localHttp2 = 0] = await freePorts(4);
  ports = { http, http2 };
  application = fork(join(import.meta.dirname, 'payments.ts'), [mesh.directory, String(http), String(http2)], {
    execArgv: ['--import', pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href],
  });
  leaving = startLeaving();
  await once(application, 'message');
  const listens = [
    { port: http, protocol: 'http' as const },
    { port: http2, protocol: 'http2' as const },
  ];
  for (const index of [0, 1]) await mesh.sidecar(`payments-${index}`, { service: 'payments', ports: listens });
  await leaving.ready();
  await apply((text) => text);
  await mesh.sidecar('web-1', {
    service: 'web',
    upstreams: [
      { service: `payments:${http}`, localPort: localHttp },
      { service: `payments:${http2}`, localPort: localHttp2 },
    ],
  });
  for (const [name, payer] of [
    ['HTTP/1', overHttp1(localHttp)],
    ['HTTP/2', overHttp2(localHttp2)],
    ['HTTP/1 to HTTP/2', overHttp1(localHttp2)],
  ] as const) {
    payers[name] = payer.pay;
    closers.push(payer.close);
  }
}, LIMIT_MS);

/** A process that was killed takes its time to come back. */
beforeEach(untilServed, LIMIT_MS);

async function untilServed(): Promise<void> {
  for (const pay of Object.values(payers)) {
    await vi.waitUntil(async () => (await pay('POST', randomUUID(), {})) === 201, { timeout: LIMIT_MS });
  }
}

afterAll(async () => {
  for (const close of closers) close();
  leaving?.child.kill('SIGKILL');
  application?.kill('SIGTERM');
  await mesh?.close();
});

function startLeaving(): SidecarProcess {
  const line = ['--service', 'payments', '--name', 'payments-2', '--join-token', mesh.controlPlane.hostTokenFile];
  const listens = ['--port', `${ports.http}/http`, '--port', `${ports.http2}/http2`];
  return new SidecarProcess([...line, ...listens], join(mesh.directory, 'payments-2'), sourceProgram);
}

async function apply(change: (text: string) => string): Promise<void> {
  const text = change(await readFile(join(import.meta.dirname, 'policy.yaml'), 'utf8'));
  const [{ document } = { document: null }] = parseDocuments(text, { fileName: 'policy.yaml' }).documents;
  if (document === null) throw new Error('no document');
  const written = await mesh.api.apply(kindNamed('backendtrafficpolicy') as Kind, document); // there is such a kind
  await mesh.api.convergence(written.document.metadata.resourceVersion ?? '', 10_000);
}

/** The charges that were made, in order. */
async function ledger(): Promise<string[]> {
  return (await readFile(join(mesh.directory, 'ledger'), 'utf8')).split('\n').slice(0, -1);
}

/** How often this was paid. */
async function charges(id: string): Promise<number> {
  return (await ledger()).filter((line) => line.startsWith(`${id} `)).length;
}

interface Paid {
  readonly told: Told;
  readonly id: string;
}

async function payWith(version: string, fault: string, method = 'POST'): Promise<Paid> {
  const id = randomUUID();
  const headers = { 'x-fault': fault, ...(fault.startsWith('gRPC') && { 'content-type': 'application/grpc' }) };
  return { told: (await payers[version]?.(method, id, headers)) ?? 0, id };
}

/** As `payWith`, with one that has reached the application: what else dies with a process that is killed is another matter. */
async function payAndMeet(version: string, fault: string): Promise<Paid> {
  for (;;) {
    await untilServed();
    const paid = await payWith(version, fault);
    if (existsSync(join(mesh.directory, `seen-${paid.id}`))) return paid;
    expect(await charges(paid.id)).toBe(0);
  }
}

/** Fault, what the payer is told, and how often it was charged. */
type Row = readonly [fault: string, told: Told, charges: number];

const everywhere: readonly Row[] = [
  ['nothing', 201, 1],
  ['reset before the work', 503, 0],
  ['reset after the work', 503, 1],
  ['reset in the answer', 'cut', 1],
  ['503 before the work', 503, 0],
  ['503 after the work', 503, 1],
  ['500 after the work', 500, 1],
  ['409 after the work', 409, 1],
  ['402 of the list after the work', 402, 1],
  ['rate limit after the work', 429, 1],
  ['header of the list after the work', 200, 1],
  ['silence before the work', 504, 1],
  ['silence after the work', 504, 1],
  ['process killed before the work', 503, 0],
  ['process killed after the work', 503, 1],
];

const overHttp2Alone: readonly Row[] = [
  ['stream refused', 201, 1],
  ['GOAWAY before the work', 201, 1],
  ['GOAWAY after the work', 503, 1],
  ['stream cancelled after the work', 503, 1],
  ['gRPC unavailable after the work', 200, 1],
];

describe('a payment', { timeout: LIMIT_MS }, () => {
  it.each(everywhere)(
    'that meets %s is told %s and charged %i times, over every version of HTTP',
    async (fault, told, times) => {
      // one after the other: a process that is killed takes with it whatever it was asked besides
      for (const version of Object.keys(payers)) {
        const paid = await payAndMeet(version, fault);
        expect.soft(paid.told, version).toBe(told);
        await expect.poll(() => charges(paid.id), { timeout: 5_000 }).toBe(times);
      }
    },
  );

  it.each(overHttp2Alone)('that meets %s is told %s and charged %i times', async (fault, told, times) => {
    for (const version of ['HTTP/2', 'HTTP/1 to HTTP/2']) {
      if (fault.startsWith('gRPC') && version !== 'HTTP/2') continue;
      const paid = await payWith(version, fault);
      expect.soft(paid.told, version).toBe(told);
      expect.soft(await charges(paid.id), version).toBe(times);
    }
  });

  /** Payments over every version, each with its outcome; resolves when all of them have been charged. */
  async function underWay(): Promise<Promise<Paid>[]> {
    const before = (await ledger()).length;
    const paying = Object.keys(payers).flatMap((version) =>
      Array.from({ length: 8 }, () => payWith(version, 'long work')),
    );
    await expect.poll(async () => (await ledger()).length, { interval: 10 }).toBe(before + paying.length);
    return paying;
  }

  it('under way in an instance that leaves in order is made once', async () => {
    const paying = await underWay();
    leaving.child.kill('SIGTERM');
    for (const { told, id } of await Promise.all(paying)) {
      expect.soft(told).toBe(201);
      expect.soft(await charges(id)).toBe(1);
    }
    expect(await leaving.exited).toBe(0);
    leaving = startLeaving();
    await leaving.ready();
  });

  it('under way in an instance that is killed is made once, and told so or not', async () => {
    const paying = await underWay();
    leaving.child.kill('SIGKILL');
    const paid = await Promise.all(paying);
    for (const { id } of paid) expect.soft(await charges(id)).toBe(1);
    expect(new Set(paid.map(({ told }) => told)).size).toBeLessThanOrEqual(2); // 201, and 503 for those in its hands
    await leaving.exited;
  });

  it('sent while an instance is gone that nobody has missed yet goes to another one', async () => {
    for (const version of Object.keys(payers)) {
      const paying = Array.from({ length: 8 }, () => payWith(version, 'nothing'));
      for (const { told, id } of await Promise.all(paying)) {
        expect.soft(told, version).toBe(201);
        expect.soft(await charges(id), version).toBe(1);
      }
    }
  });

  it('would be repeated if its method said that this is harmless', async () => {
    for (const version of Object.keys(payers)) {
      const paid = await payWith(version, 'reset after the work', 'PUT');
      expect.soft(paid.told, version).toBe(201);
      expect.soft(await charges(paid.id), version).toBe(2);
    }
  });

  it('is not hedged, where a request that may be repeated is', async () => {
    await apply((text) => text.replace('numRetries: 3', 'numRetries: 3\n    hedgeOnPerTryTimeout: true'));
    const faults = ['silence after the work', 'reset after the work'] as const;
    await Promise.all(
      Object.keys(payers).map(async (version) => {
        const post = await payWith(version, faults[0]);
        expect.soft(post.told, version).toBe(201); // the one try, which is waited for
        expect.soft(await charges(post.id), version).toBe(1);
        const put = await payWith(version, faults[0], 'PUT');
        expect.soft(put.told, version).toBe(201);
        expect.soft(await charges(put.id), version).toBe(2);
        const failed = await payWith(version, faults[1]);
        expect.soft(failed.told, version).toBe(503);
        expect.soft(await charges(failed.id), version).toBe(1);
      }),
    );
  });

  it('is repeated when the user says so in as many words', async () => {
    await apply((text) => text.replace('numRetries: 3', 'numRetries: 3\n    retryNonIdempotent: true'));
    for (const fault of [
      'reset after the work',
      '503 after the work',
      'silence after the work',
      'rate limit after the work',
    ]) {
      await Promise.all(
        Object.keys(payers).map(async (version) => {
          const paid = await payWith(version, fault);
          expect.soft(paid.told, `${version}, ${fault}`).toBe(201);
          expect.soft(await charges(paid.id), `${version}, ${fault}`).toBe(2);
        }),
      );
    }
  });
});

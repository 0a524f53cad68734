import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ServiceError } from '@grpc/grpc-js';
import { Metadata, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kindNamed } from '../../control-plane/model/kinds.ts';
import { parseDocuments } from '../../control-plane/model/parse-documents.ts';
import type { RunningProxy } from '../../proxy/main.ts';
import { freePort } from '../testing/free-port.ts';
import { TestMesh } from '../testing/mesh.ts';
import type { EchoClient, EchoServer, Line } from './echo.ts';
import { echoClient, startEchoServer } from './echo.ts';

let mesh: TestMesh;
let servers: EchoServer[];
let client: EchoClient;
let localPort: number;
let web: RunningProxy;

beforeAll(async () => {
  mesh = await TestMesh.start();
  servers = await Promise.all([startEchoServer('v1'), startEchoServer('v2')]);
  for (const [index, { port }] of servers.entries()) {
    const version = `v${index + 1}`;
    await mesh.sidecar(`echo-${version}`, { service: 'echo', version, ports: [{ port, protocol: 'grpc' }] });
  }
  localPort = await freePort();
  web = await mesh.sidecar('web-1', { service: 'web', upstreams: [{ service: 'echo', localPort }] });
  client = echoClient(`127.0.0.1:${localPort}`);
  const text = await readFile(join(import.meta.dirname, 'routes.yaml'), 'utf8');
  for (const { document } of parseDocuments(text, { fileName: 'routes.yaml' }).documents) {
    const kind = kindNamed(document.kind);
    if (kind === null) throw new Error(`no kind ${document.kind}`);
    const written = await mesh.api.apply(kind, document);
    await mesh.api.convergence(written.document.metadata.resourceVersion ?? '', 10_000);
  }
}, 60_000);

afterAll(async () => {
  client?.close();
  await mesh?.close();
  for (const server of servers ?? []) server.stop();
});

function say(): Promise<Line> {
  return new Promise((resolve, reject) => {
    client.say({ text: 'x' }, new Metadata(), {}, (error, line) =>
      error === null ? resolve(line as Line) : reject(error),
    );
  });
}

async function repeat(): Promise<Line[]> {
  const lines: Line[] = [];
  for await (const line of client.repeat({ text: 'x', count: 2 })) lines.push(line);
  return lines;
}

const failureOf = (call: (answer: (error: ServiceError | null) => void) => void) =>
  new Promise<ServiceError | null>((resolve) => call((error) => resolve(error)));

describe('a GRPCRoute', () => {
  it('sends each method to the version that its rule names', async () => {
    for (let i = 0; i < 4; i++) expect((await say()).instance).toBe('v2');
    for (let i = 0; i < 2; i++) expect((await repeat()).map(({ instance }) => instance)).toEqual(['v1', 'v1']);
  });

  it('mirrors calls of the method whose rule says so', async () => {
    await say();
    const mirrored = async () => {
      const page = await fetch(`http://${web.adminAddress}/stats/prometheus`).then((response) => response.text());
      const line = page.split('\n').find((row) => /mirrored_rq_success\{.*\|v1\|/.test(row)) ?? '';
      return Number(line.split(' ').at(-1));
    };
    await expect.poll(mirrored).toBeGreaterThan(0);
  });

  it('tells a client of a method that no rule takes in the words of gRPC', async () => {
    const error = await failureOf((answer) => client.wait({ text: 'x' }, new Metadata(), {}, answer));
    expect(error).toMatchObject({ code: status.UNIMPLEMENTED, details: expect.stringContaining('No route matches') });
  });

  it('answers a rule without a backend UNAVAILABLE, with the reason', async () => {
    const error = await failureOf((answer) => client.fail({ text: 'x' }, answer));
    expect(error).toMatchObject({
      code: status.UNAVAILABLE,
      details: expect.stringMatching(
        /the rule has no backend; .*; GRPCRoute\/default\/echo rule 2 \(routes\.yaml:15\)/,
      ),
    });
  });

  it('is for calls alone: a request that is none has no route', async () => {
    const response = await fetch(`http://127.0.0.1:${localPort}/heddle.examples.Echo/Say`, {
      method: 'POST',
      body: 'x',
    });
    expect(response.status).toBe(404);
  });
});

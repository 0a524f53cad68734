import { readFile } from 'node:fs/promises';
import type { IncomingHttpHeaders } from 'node:http2';
import { connect } from 'node:http2';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { BackendTrafficPolicy } from '../../control-plane/model/backend-traffic-policy.ts';
import { kinds } from '../../control-plane/model/kinds.ts';
import type { Service } from '../../control-plane/model/service.ts';
import type { Workload } from '../../control-plane/model/workload.ts';
import { freePort } from '../testing/free-port.ts';
import { TestMesh } from '../testing/mesh.ts';

const policy: BackendTrafficPolicy = {
  apiVersion: 'heddle.dev/v1alpha1',
  kind: 'BackendTrafficPolicy',
  metadata: { name: 'cart-bodies', namespace: 'default' },
  spec: { targetRefs: [{ group: '', kind: 'Service', name: 'cart' }], requestBuffer: { limit: 1024 } },
};

const oldCart: Service = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'old-cart', namespace: 'default' },
  spec: {
    type: 'ClusterIP',
    selector: { app: 'old-cart' },
    ports: [{ protocol: 'TCP', port: 80, targetPort: 'http', appProtocol: 'http' }],
  },
};

function withoutSidecar(port: number): Workload {
  return {
    apiVersion: 'heddle.dev/v1alpha1',
    kind: 'Workload',
    metadata: { name: 'old-cart-1', namespace: 'default', labels: { app: 'old-cart' } },
    spec: { address: '127.0.0.1', ports: [{ name: 'http', port }] },
  };
}

let mesh: TestMesh;
let accessLog: string;
let url: string;
let plainUrl: string;

beforeAll(async () => {
  mesh = await TestMesh.start();
  // an application that would like its answers to be taken for the mesh's
  const port = await mesh.application((asked, response) => {
    asked.resume();
    response.writeHead(503, { 'x-heddle-reason': 'UO', 'X-Heddle-Peer': 'cart', server: 'cart' }).end('{}');
  });
  accessLog = join(mesh.directory, 'cart.log');
  await mesh.sidecar('cart-1', { service: 'cart', ports: [{ port, protocol: 'auto' }], accessLog });
  const [localPort, plainPort] = [await freePort(), await freePort()];
  const upstreams = [
    { service: 'cart', localPort },
    { service: 'old-cart:80', localPort: plainPort },
  ];
  await mesh.sidecar('web-1', { service: 'web', upstreams });
  url = `http://127.0.0.1:${localPort}`;
  plainUrl = `http://127.0.0.1:${plainPort}`;
  await mesh.api.apply(kinds.Service, oldCart);
  await mesh.api.apply(kinds.Workload, withoutSidecar(port));
  const { document } = await mesh.api.apply(kinds.BackendTrafficPolicy, policy);
  for (const each of [url, plainUrl]) {
    await vi.waitUntil(async () => (await request(each)).headers.server === 'cart', { timeout: 15_000 });
  }
  await mesh.api.convergence(document.metadata.resourceVersion ?? '0', 10_000);
});

afterAll(async () => {
  await mesh?.close();
});

/** Over HTTP/2 by prior knowledge. */
async function putOverHttp2(length: number) {
  const session = connect(url);
  session.on('error', () => {});
  const stream = session.request({ ':method': 'PUT', ':path': '/', 'content-length': length });
  stream.on('error', () => {});
  const headers = new Promise<IncomingHttpHeaders>((resolve) => stream.on('response', resolve));
  stream.write('x');
  const answer = { headers: await headers, body: await text(stream) };
  session.destroy();
  return answer;
}

const answeredByCallee = { reason: 'requestPayloadTooLarge', answered_by: 'sidecar of cart-1' };

describe('an answer that a sidecar makes itself', () => {
  it('says why, also where it is the sidecar of the service that was called', async () => {
    const { statusCode, headers, body } = await request(url, { method: 'PUT', body: 'x'.repeat(1025) });
    expect(statusCode).toBe(413);
    expect(headers['x-heddle-reason']).toBe('request_payload_too_large');
    expect(await body.json()).toMatchObject(answeredByCallee);
  });

  it('says so over HTTP/2 too', async () => {
    const { headers, body } = await putOverHttp2(1025);
    expect(headers).toMatchObject({ ':status': 413, 'x-heddle-reason': 'request_payload_too_large' });
    expect(JSON.parse(body)).toMatchObject(answeredByCallee);
  });

  it('has the word of Envoy for it in the access log, and no flag where Envoy has none', async () => {
    const line = await vi.waitUntil(async () =>
      (await readFile(accessLog, 'utf8')).split('\n').find((each) => each.includes('"response_code":413')),
    );
    expect(JSON.parse(line)).toMatchObject({
      response_flags: '-',
      response_code_details: 'request_payload_too_large',
    });
  });
});

describe('an application that pretends to be a sidecar', () => {
  it('is not believed in the mesh', async () => {
    const { statusCode, headers } = await request(url);
    expect(statusCode).toBe(503);
    expect(Object.keys(headers).filter((name) => name.startsWith('x-heddle-'))).toEqual([]);
  });

  it('is not believed where it has no sidecar', async () => {
    const { statusCode, headers } = await request(plainUrl);
    expect({ statusCode, server: headers.server }).toEqual({ statusCode: 503, server: 'cart' });
    expect(Object.keys(headers).filter((name) => name.startsWith('x-heddle-'))).toEqual([]);
  });
});

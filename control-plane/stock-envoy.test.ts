import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stockEnvoy } from '../examples/testing/envoy.ts';
import { run } from '../examples/testing/program.ts';
import { STOCK_FEATURES } from '../proto/features.ts';
import { translate } from './translate/snapshot.ts';
import { envoyBootstrap } from './translate/testing/envoy-bootstrap.ts';
import { readGoldenCase } from './translate/testing/golden-case.ts';
import { TestAuthority } from './xds/testing/xds-fixture.ts';

const envoy = stockEnvoy();
const folder = join(import.meta.dirname, 'translate/testdata');

/** Golden cases that have between them every field of ours that becomes xDS. */
const cases = [
  'bandwidth-limit',
  'body-limit',
  'connection-rate',
  'consumer-route',
  'external-client-certificate',
  'external-routes',
  'external-routes-stock',
  'external-services',
  'failover',
  'fallback',
  'faults',
  'global-rate-limits',
  'grpc-route',
  'http2-settings',
  'localities',
  'mesh-http',
  'modifiers',
  'overload-filters',
  'patterns',
  'policy-balancer-maglev',
  'policy-balancer-peak-ewma',
  'policy-balancer-ring',
  'policy-balancer-slow-start',
  'policy-circuit-breaker',
  'policy-health-check',
  'policy-outlier-detectors',
  'policy-retry-all',
  'policy-timeout',
  'protocols',
  'rate-limits',
  'redirect',
  'registry-only',
  'retries',
  'rewrite',
  'rewrite-extensions',
  'route-extensions',
  'route-filters',
  'sessions',
  'split',
  'stock-envoy',
  'tcp-keepalive',
  'tcp-route',
  'timeouts',
  'versions',
];

let directory: string;
let leaf: { readonly chainPem: string; readonly privateKeyPem: string };

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'heddle-envoy-'));
  leaf = new TestAuthority().leaf('spiffe://cluster.local/ns/default/sa/web');
  writeFileSync(join(directory, 'bank.pem'), leaf.chainPem);
  writeFileSync(join(directory, 'bank.key'), leaf.privateKeyPem);
});

/** Files that a case names are in our folder: an Envoy looks for them at once. */
function textOf(fileName: string): string {
  return readFileSync(join(folder, fileName), 'utf8').replaceAll('/etc/heddle/tls/', `${directory}/`);
}

afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe.skipIf(envoy === null)('a stock Envoy', () => {
  it.each(cases)('takes what it is sent for %s, and knows every field of it', async (name) => {
    const { input, view } = readGoldenCase(textOf(`${name}.in.yaml`));
    const [workload = ''] = Object.keys(input.clients);
    const [namespace = '', instance = ''] = workload.split('/');
    const client = { workload, namespace, serviceAccount: instance.split('-')[0] ?? '', features: STOCK_FEATURES };
    const bootstrap = envoyBootstrap(translate(view), client, {
      name: 'default',
      tls_certificate: {
        certificate_chain: { inline_string: leaf.chainPem },
        private_key: { inline_string: leaf.privateKeyPem },
      },
    });
    const file = join(directory, `${name}.pb`);
    writeFileSync(file, bootstrap);
    const said = await run(envoy ?? '', ['--mode', 'validate', '--config-path', file, '--log-level', 'warn']);
    expect(said).toContain('OK');
  });
});

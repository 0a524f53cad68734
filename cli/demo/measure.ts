import { request } from 'undici';
import { withClient } from '../connect.ts';
import type { Up } from './bring-up.ts';
import { identityOf } from './bring-up.ts';
import type { Observations } from './checks.ts';
import { loadService } from './demo-mesh.ts';
import { sumSamples } from './prometheus-text.ts';
import type { Stage } from './stage.ts';

/** Longer than any run of `heddle demo --once`, so that nothing that was counted has left the window. */
const windowSeconds = 300;

type Measured = Omit<Observations, 'minimumCalls' | 'load' | 'cartVersionsDuringSplit' | 'refusing'>;

/** Asks the control plane, as `heddle stat` and `heddle edges` do, and every sidecar's page for Prometheus. */
export async function measure({ mesh, environment }: Stage, { shop }: Up): Promise<Measured> {
  const [[services, versions, edges], pages] = await Promise.all([
    withClient(
      {},
      (client) =>
        Promise.all([
          client.stat(windowSeconds, 'service'),
          client.stat(windowSeconds, 'version'),
          client.edges(windowSeconds),
        ]),
      environment,
    ),
    Promise.all([...mesh.adminAddresses.values()].map(scrape)),
  ]);
  const sum = (metric: string, labels?: Record<string, string>) =>
    pages.reduce((total, page) => total + sumSamples(page, metric, labels), 0);
  const received = { reporter: 'destination', destination_service_name: 'web' };
  const receivedByCart = { ...received, destination_service_name: 'cart' };
  const stat = (service: string, version: string) =>
    (version === '' ? services : versions).find((row) => row.service === service && row.version === version)
      ?.requests ?? 0;
  const names = [loadService, ...shop.instances.map(({ service }) => service)];
  return {
    edges,
    identities: Object.fromEntries(names.map((service) => [service, identityOf(service)])),
    retries: sum('envoy_cluster_upstream_rq_retry'),
    ejections: sum('envoy_cluster_outlier_detection_ejections_enforced_total'),
    statRequests: { web: stat('web', ''), 'cart v1': stat('cart', 'v1'), 'cart v2': stat('cart', 'v2') },
    prometheusRequests: {
      web: sum('istio_requests_total', received),
      'cart v1': sum('istio_requests_total', { ...receivedByCart, destination_version: 'v1' }),
      'cart v2': sum('istio_requests_total', { ...receivedByCart, destination_version: 'v2' }),
    },
  };
}

async function scrape(address: string): Promise<string> {
  const url = `http://${address}/stats/prometheus`;
  const { statusCode, body } = await request(url);
  const page = await body.text();
  if (statusCode !== 200) throw new Error(`${url} answered ${statusCode}`);
  return page;
}

import type { SeriesLabels } from '../series-labels.ts';

/** web calls cart v1 over mutual TLS, as cart's sidecar counts it. */
export function labelsOf(overrides: Partial<SeriesLabels> = {}): SeriesLabels {
  return {
    reporter: 'destination',
    source: {
      workload: 'web-1',
      namespace: 'default',
      service: 'web',
      version: 'v1',
      principal: 'spiffe://cluster.local/ns/default/sa/web',
    },
    destination: {
      workload: 'cart-v1-1',
      namespace: 'default',
      serviceHost: 'cart.default.svc.cluster.local',
      serviceName: 'cart',
      version: 'v1',
      principal: 'spiffe://cluster.local/ns/default/sa/cart',
    },
    route: 'default',
    host: '',
    isUnsent: false,
    protocol: 'http',
    isMutualTls: true,
    ...overrides,
  };
}

import type { FinishedExchange } from '../../proxy/forward/forward-environment.ts';
import { RequestHead } from '../../proxy/message-head.ts';
import { OutsideHosts } from '../../proxy/record/outside-hosts.ts';
import { RequestRecorder } from '../../proxy/record/record-request.ts';
import { SeriesRegistry } from '../../proxy/telemetry/series-registry.ts';
import { report } from '../measure.ts';

const registry = new SeriesRegistry();
const recorder = new RequestRecorder({
  registry,
  own: { name: 'web-1', namespace: 'default', service: 'web', version: 'v1' },
  principal: () => 'spiffe://cluster.local/ns/default/sa/web',
  hosts: new OutsideHosts(),
  accessLog: null,
});
const cartId = 'spiffe://cluster.local/ns/default/sa/cart';
const config = { workload: 'cart-1', namespace: 'default', service: 'cart', version: 'v1', isMeshed: true };
const service = { serviceHost: 'cart.default.svc.cluster.local', serviceName: 'cart', serviceNamespace: 'default' };

/** What the recorder reads of an exchange. */
function exchange(direction: 'outbound' | 'inbound'): FinishedExchange {
  return {
    environment: { direction },
    head: new RequestHead(),
    endpoint: { key: '10.0.0.1:80', config, series: new Map() },
    cluster: { name: 'cart', config: { ...service, meshTls: { expectedIdentities: [cartId] } } },
    route: { name: 'default', origin: null },
    peer: { principal: cartId, address: '', clientCertLine: '', metadata: 'cart-1;default;cart;v1;heddle' },
    status: 200,
    failure: null,
    attempts: 1,
    startedAtMs: 100,
    endedAtMs: 100.7,
    requestBytes: 0,
    responseBytes: 1024,
  } as unknown as FinishedExchange; // the rest is not read while the access log is off
}

for (const direction of ['outbound', 'inbound'] as const) {
  const each = exchange(direction);
  report(`record: ${direction} request, clock included`, (count) => {
    for (let i = 0; i < count; i++) recorder.record(each);
  });
}

import { SeriesRegistry } from '../../proxy/telemetry/series-registry.ts';
import { report } from '../measure.ts';

const registry = new SeriesRegistry();
const peer = { workload: 'cart-v1-1', namespace: 'default', version: 'v1', principal: '' };
const series = registry.series({
  reporter: 'destination',
  source: { ...peer, service: 'web' },
  destination: { ...peer, serviceHost: 'cart.default.svc.cluster.local', serviceName: 'cart' },
  route: 'default',
  host: '',
  isUnsent: false,
  protocol: 'http',
  isMutualTls: true,
});

// times and sizes that differ, so that no branch is always the same
const times = Array.from({ length: 64 }, (_, i) => 0.2 * 1.15 ** i);
const sizes = Array.from({ length: 64 }, (_, i) => (i * 397) % 9000);

report('record: one status', (count) => {
  for (let i = 0; i < count; i++) series.record(200, '-', times[i & 63] ?? 0, 0, sizes[i & 63] ?? 0);
});
report('record: statuses in turn', (count) => {
  for (let i = 0; i < count; i++) series.record(200 + (i & 3), '-', times[i & 63] ?? 0, 0, sizes[i & 63] ?? 0);
});
const before = process.memoryUsage().heapUsed;
for (let i = 0; i < 1_000_000; i++) series.record(200, '-', times[i & 63] ?? 0, 0, sizes[i & 63] ?? 0);
console.log(`heap growth over a million requests: ${process.memoryUsage().heapUsed - before} bytes`);

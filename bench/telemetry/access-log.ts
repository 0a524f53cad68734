import { AccessLog } from '../../proxy/telemetry/access-log.ts';
import { accessLogLine, newAccessLogEntry } from '../../proxy/telemetry/access-log-line.ts';
import { report } from '../measure.ts';

const entry = {
  ...newAccessLogEntry(),
  startTimeMs: 1_700_000_000_123,
  method: 'GET',
  path: '/cart/items/42?fields=name,price',
  protocol: 'HTTP/1.1',
  responseCode: 200,
  responseFlags: '-',
  responseCodeDetails: 'via_upstream',
  bytesSent: 1234,
  durationMs: 3.7,
  upstreamServiceTimeMs: 3.1,
  userAgent: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36',
  requestId: '6a5f6a1e-6e9c-4bb1-9a67-1b2f3c4d5e6f',
  authority: 'cart.default.svc.cluster.local',
  upstreamHost: '10.0.0.12:16001',
  upstreamCluster: 'outbound|80||cart.default.svc.cluster.local',
  downstreamRemoteAddress: '127.0.0.1:51324',
  routeName: 'default',
  traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
  spanId: '00f067aa0ba902b7',
  peerIdentity: 'spiffe://cluster.local/ns/default/sa/cart',
  attempt: 1,
};

let length = 0;
report('access log: one line, as text', (count) => {
  for (let i = 0; i < count; i++) length += accessLogLine(entry).length;
});
const log = new AccessLog({
  write: (bytes, callback) => callback(null, bytes.length),
  close: async () => {},
});
report('access log: one line, gathered and handed over as bytes', (count) => {
  for (let i = 0; i < count; i++) {
    entry.startTimeMs++;
    log.write(entry);
  }
});
if (length === 0) throw new Error('nothing was measured');

import type { ClientDuplexStream, ServiceError } from '@grpc/grpc-js';
import { credentials, Server, ServerCredentials, status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createIssuer, createRoot, issueLeaf } from '../../certs/authority.ts';
import { encodeGrant } from '../../certs/grant.ts';
import { generateKeyPair } from '../../certs/key-pair.ts';
import { fromPem } from '../../certs/pem.ts';
import { parseSpiffeId } from '../../certs/spiffe-id.ts';
import { clientOf } from '../../proto/client.ts';
import type { Input, Output } from '../../proto/load.ts';
import { serviceDefinition } from '../../proto/load.ts';
import { MeshTelemetry } from './mesh-telemetry.ts';
import type { TelemetryServiceOptions } from './telemetry-service.ts';
import { telemetryService } from './telemetry-service.ts';
import { cartId, seriesMessage } from './testing/reports.ts';

type Caller = ReturnType<TelemetryServiceOptions['callerOf']>;
type Stream = ClientDuplexStream<Input<'heddle.v1.ReportRequest'>, Output<'heddle.v1.ReportResponse'>>;

const issuer = createIssuer(createRoot({ trustDomain: 'cluster.local' }));

/** The holder of a leaf that was granted to this service; without a grant for null. */
function callerWith(service: string | null): Caller {
  const id = parseSpiffeId(cartId);
  const grant = { namespace: 'default', serviceAccount: 'cart', service: service ?? '', labels: {} };
  const extensions = service === null ? [] : [encodeGrant(grant)];
  const { chainPem } = issueLeaf({ issuer, id, publicKey: generateKeyPair().publicKey, extensions });
  const [der] = fromPem('CERTIFICATE', chainPem);
  if (der === undefined) throw new Error('no leaf');
  return { svid: { id, der: Buffer.from(der) } };
}

describe('telemetryService', () => {
  const cart = callerWith('cart');
  let caller: Caller;
  let telemetry: MeshTelemetry;
  let server: Server;
  let stream: Stream;
  let close: () => void;
  const logged: string[] = [];

  beforeEach(async () => {
    caller = cart;
    telemetry = new MeshTelemetry();
    server = new Server();
    logged.splice(0);
    const log = (_level: string, message: string) => logged.push(message);
    const options = { telemetry, callerOf: () => caller, log, now: () => 0 };
    server.addService(serviceDefinition('heddle.v1.TelemetryService'), telemetryService(options));
    const port = await new Promise<number>((resolve, reject) => {
      const onBound = (error: Error | null, bound: number) => (error === null ? resolve(bound) : reject(error));
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), onBound);
    });
    const Client = clientOf('heddle.v1.TelemetryService');
    const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
    stream = client.Report();
    close = () => client.close();
  });
  afterEach(() => {
    close();
    server.forceShutdown();
  });

  const report = (sequence: number, ...series: Input<'heddle.v1.Series'>[]) =>
    stream.write({ instance_id: 'run', sequence, interval_end_ms: Date.now(), series });
  const acknowledged = () =>
    new Promise<number>((resolve, reject) => {
      stream.once('data', (response: Output<'heddle.v1.ReportResponse'>) => resolve(Number(response.sequence)));
      stream.once('error', reject);
    });
  const ended = () => new Promise<ServiceError>((resolve) => stream.once('error', resolve));

  it('acknowledges what it has counted', async () => {
    report(1, seriesMessage());
    expect(await acknowledged()).toBe(1);
    expect(telemetry.stat(60)).toMatchObject([{ service: 'cart', requests: 1 }]);
  });

  it('acknowledges what it knows already, without counting it again', async () => {
    report(4, seriesMessage());
    await acknowledged();
    report(4, seriesMessage());
    expect(await acknowledged()).toBe(4);
    expect(telemetry.stat(60)).toMatchObject([{ requests: 1 }]);
  });

  it('leaves out what is about others, and says so once', async () => {
    for (let sequence = 1; sequence <= 3; sequence++) {
      report(sequence, seriesMessage({ destination_service: 'db.default.svc.cluster.local' }), seriesMessage());
      await acknowledged();
    }
    expect(telemetry.counts.refused.foreign).toBe(3);
    expect(telemetry.stat(60)).toMatchObject([{ service: 'cart', requests: 3 }]);
    expect(logged).toEqual(['parts of a report are refused']);
  });

  it('believes the grant about the service, and without one the service account', async () => {
    caller = callerWith('db');
    report(1, seriesMessage(), seriesMessage({ destination_service: 'db.default.svc.cluster.local' }));
    await acknowledged();
    expect(telemetry.stat(60)).toMatchObject([{ service: 'db', requests: 1 }]);
  });

  it('believes the service account where there is no grant', async () => {
    caller = callerWith(null);
    report(1, seriesMessage(), seriesMessage({ destination_service: 'db.default.svc.cluster.local' }));
    await acknowledged();
    expect(telemetry.stat(60)).toMatchObject([{ service: 'cart', requests: 1 }]);
  });

  it('takes nothing from a caller without a certificate', async () => {
    caller = { svid: null };
    const end = ended();
    report(1, seriesMessage());
    expect((await end).code).toBe(status.PERMISSION_DENIED);
    expect(telemetry.stat(60)).toEqual([]);
  });

  it.each([
    ['without an instance', { instance_id: '' }, 'instance_id must have 1 to 128 characters'],
    ['without a number', { sequence: 0 }, 'sequence must be from 1 to 2^53 - 1'],
    ['with a number too large', { sequence: '18446744073709551615' }, 'sequence must be from 1 to 2^53 - 1'],
    ['without a time', { interval_end_ms: 0 }, 'interval_end_ms must be a time'],
    ['of too many series', { series: new Array(1001).fill({}) }, 'more than 1000 series'],
  ])('ends the stream at a report %s', async (_case, fields, details) => {
    const end = ended();
    stream.write({ instance_id: 'run', sequence: 1, interval_end_ms: Date.now(), ...fields });
    expect(await end).toMatchObject({ code: status.INVALID_ARGUMENT, details });
  });

  it('ends the stream of one who reports without pause', async () => {
    const end = ended();
    for (let sequence = 1; sequence <= 51; sequence++) report(sequence, seriesMessage());
    expect((await end).code).toBe(status.RESOURCE_EXHAUSTED);
    expect(telemetry.counts.accepted).toBe(50);
  });
});

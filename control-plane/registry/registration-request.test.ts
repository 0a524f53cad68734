import { describe, expect, it } from 'vitest';
import type { JoinGrant } from '../../certs/grant.ts';
import type { Output } from '../../proto/load.ts';
import { checkRegistration, RegistrationRefusedError } from './registration-request.ts';

const identity = 'spiffe://cluster.local/ns/default/sa/cart';
const grant: JoinGrant = { namespace: 'default', service: 'cart', serviceAccount: 'cart', labels: { version: 'v1' } };

const nowMs = 1_700_000_000_000;

function request(differing: Partial<Output<'heddle.v1.Register'>> = {}): Output<'heddle.v1.Register'> {
  return {
    name: 'cart-v1-1',
    namespace: 'default',
    service: 'cart',
    labels: { version: 'v1' },
    address: '10.0.0.1',
    ports: [{ port: 8080, inbound_address: '10.0.0.1', inbound_port: 15006, app_protocol: '' }],
    admin_address: '10.0.0.1:15000',
    instance_id: '1f3bb0f4-6bd6-4a19-a7c7-0a6f7e2f5d57',
    generation: '1700000000000',
    version: '0.1.0',
    region: 'eu',
    zone: 'a',
    ...differing,
  };
}

function refusal(differing: Partial<Output<'heddle.v1.Register'>>, given: JoinGrant | null = grant) {
  try {
    checkRegistration(request(differing), { identity, grant: given }, nowMs);
  } catch (error) {
    if (error instanceof RegistrationRefusedError) {
      return { message: error.message, isDenied: error.isDenied };
    }
    throw error;
  }
  throw new Error('it was accepted');
}

describe('checkRegistration', () => {
  it('takes the identity from the certificate and adds the app label', () => {
    expect(checkRegistration(request(), { identity, grant }, nowMs)).toEqual({
      instanceId: '1f3bb0f4-6bd6-4a19-a7c7-0a6f7e2f5d57',
      generation: 1700000000000,
      workload: {
        name: 'cart-v1-1',
        namespace: 'default',
        service: 'cart',
        identity,
        labels: { app: 'cart', version: 'v1' },
        address: '10.0.0.1',
        ports: [{ port: 8080, inboundAddress: '10.0.0.1', inboundPort: 15006, protocol: 'auto' }],
        adminAddress: '10.0.0.1:15000',
        region: 'eu',
        zone: 'a',
        heddleVersion: '0.1.0',
        registeredAtMs: nowMs,
      },
    });
  });

  it.each([
    [{ namespace: 'other' }, 'namespace other: the join token was for namespace default'],
    [{ service: 'web' }, 'service web: the join token was for service cart'],
    [{ labels: { version: 'v2' } }, 'label version=v2: the join token does not allow it'],
    [{ labels: { tier: 'x' } }, 'label tier=x: the join token does not allow it'],
    [{ labels: { app: 'web' } }, 'label app=web: the join token does not allow it'],
    [{ labels: { constructor: 'x' } }, 'label constructor=x: the join token does not allow it'],
  ])('denies %j beyond the grant, and names the difference', (differing, message) => {
    expect(refusal(differing as Partial<Output<'heddle.v1.Register'>>)).toEqual({ message, isDenied: true });
  });

  it.each([
    ['', 'auto'],
    ['http', 'http'],
    ['http2', 'http2'],
    ['grpc', 'grpc'],
    ['tcp', 'tcp'],
  ])('takes the protocol %j of a port for %s', (app_protocol, protocol) => {
    const ports = [{ port: 8080, inbound_address: '10.0.0.1', inbound_port: 15006, app_protocol }];
    const { workload } = checkRegistration(request({ ports }), { identity, grant }, nowMs);
    expect(workload.ports).toMatchObject([{ port: 8080, protocol }]);
  });

  it('denies everything to a certificate without a grant', () => {
    expect(refusal({}, null)).toMatchObject({ isDenied: true });
  });

  it('allows any value, any label and any service where the grant says so', () => {
    const wide: JoinGrant = { ...grant, labels: { '*': '*' }, anyService: true };
    const one: JoinGrant = { ...grant, labels: { version: '*' } };
    expect(() => checkRegistration(request({ service: 'web' }), { identity, grant: wide }, nowMs)).not.toThrow();
    expect(() =>
      checkRegistration(request({ labels: { version: 'v9' } }), { identity, grant: one }, nowMs),
    ).not.toThrow();
    expect(refusal({ labels: { tier: 'x' } }, one)).toMatchObject({ isDenied: true });
  });

  it('names all faults of a malformed registration at once', () => {
    const port = { port: 0, inbound_address: 'localhost', inbound_port: 65536, app_protocol: 'smtp' };
    const { message, isDenied } = refusal({
      name: '../x',
      namespace: 'UPPER',
      service: 'a.b',
      address: 'cart.example',
      generation: '99999999999999999999',
      instance_id: '',
      zone: 'a\nb',
      labels: { 'not a label': 'x' },
      ports: [port, port],
    });
    expect(isDenied).toBe(false);
    expect(message.split('; ').map((fault) => fault.split(':')[0])).toEqual([
      'name',
      'namespace',
      'service',
      'address',
      'admin_address',
      'instance_id',
      'generation',
      'zone',
      'labels',
      'ports[0].port',
      'ports[0].inbound_address',
      'ports[0].inbound_port',
      'ports[0].app_protocol',
      'ports[1].port',
      'ports[1].port',
      'ports[1].inbound_address',
      'ports[1].inbound_port',
      'ports[1].app_protocol',
    ]);
  });

  it.each([
    ...['0.0.0.0', '0.1.2.3', '169.254.169.254', '224.0.0.1', '255.255.255.255'],
    ...['::', 'fe80::1', 'fe80::1%eth0', 'ff02::1', 'fd00:ec2::254', '::ffff:169.254.169.254', '127.1', ''],
  ])('refuses %j as an address: callers would dial it', (address) => {
    const ports = [{ port: 8080, inbound_address: address, inbound_port: 80, app_protocol: 'http' }];
    expect(refusal({ address, admin_address: '' }).message).toMatch(/^address: /);
    expect(refusal({ ports }).message).toBe('ports[0].inbound_address: not the IP address of a host');
  });

  it.each(['127.0.0.1', '::1', '192.168.1.1', '2001:db8::1', 'fd12::1'])('takes %s as an address', (address) => {
    const ports = [{ port: 8080, inbound_address: address, inbound_port: 80, app_protocol: 'http' }];
    expect(() =>
      checkRegistration(request({ address, ports, admin_address: '' }), { identity, grant }, nowMs),
    ).not.toThrow();
  });

  it.each(['10.0.0.2:80', '10.0.0.1:80/x?y', '10.0.0.1', '10.0.0.1:0', 'cart:80', '10.0.0.1:80@169.254.169.254:80'])(
    'refuses %j as the admin address: Prometheus would be sent there',
    (admin) => {
      expect(refusal({ admin_address: admin }).message).toMatch(/^admin_address: /);
    },
  );

  it('refuses a generation in the future, which would keep the name from every later process', () => {
    expect(refusal({ generation: String(nowMs + 301_000) }).message).toMatch(/^generation: in the future/);
    expect(() =>
      checkRegistration(request({ generation: String(nowMs + 299_000) }), { identity, grant }, nowMs),
    ).not.toThrow();
  });

  it('bounds ports and labels', () => {
    const port = { port: 1, inbound_address: '10.0.0.1', inbound_port: 1, app_protocol: 'http' };
    const ports = Array.from({ length: 33 }, (_, index) => ({ ...port, port: index + 1 }));
    const labels = Object.fromEntries(Array.from({ length: 65 }, (_, index) => [`l${index}`, '']));
    expect(refusal({ ports, labels }).message).toBe('labels: 65, at most 64; ports: 33, at most 32');
  });
});

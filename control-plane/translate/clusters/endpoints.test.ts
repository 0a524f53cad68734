import { describe, expect, it } from 'vitest';
import type { Instance } from '../view/instance.ts';
import { dialFor } from './endpoints.ts';

const meshed: Instance = {
  name: 'cart-1',
  namespace: 'default',
  service: 'cart',
  version: '',
  identity: 'spiffe://cluster.local/ns/default/sa/cart',
  labels: {},
  address: '10.0.0.1',
  weight: 1,
  ports: [
    { port: 8080, name: 'http', protocol: 'http', inbound: { address: '10.0.0.2', port: 15006 } },
    { port: 9100, name: 'metrics', protocol: 'auto', inbound: null },
  ],
  region: '',
  zone: '',
};
const plain: Instance = {
  ...meshed,
  identity: '',
  ports: [{ port: 8080, name: 'http', protocol: 'http', inbound: null }],
};

describe('dialFor', () => {
  it.each([
    ['a port by number', { by: 'number', port: 8080 }],
    ['a port by name', { by: 'name', name: 'http' }],
    ['the default port', { by: 'default' }],
  ] as const)('leads %s to the sidecar where there is one', (_what, target) => {
    expect(dialFor(meshed, target)).toEqual({ address: '10.0.0.2', port: 15006, isMeshed: true });
    expect(dialFor(plain, target)).toEqual({ address: '10.0.0.1', port: 8080, isMeshed: false });
  });

  it('dials a port in plaintext when the workload itself says that no sidecar takes it', () => {
    expect(dialFor(meshed, { by: 'number', port: 9100 })).toEqual({ address: '10.0.0.1', port: 9100, isMeshed: false });
  });

  it('never goes past a sidecar to a port that is not declared', () => {
    expect(dialFor(meshed, { by: 'number', port: 7000 })).toBeNull();
    expect(dialFor({ ...meshed, identity: '' }, { by: 'number', port: 7000 })).toBeNull();
    expect(dialFor({ ...meshed, ports: [] }, { by: 'number', port: 7000 })).toBeNull();
    expect(dialFor(plain, { by: 'number', port: 7000 })).toEqual({ address: '10.0.0.1', port: 7000, isMeshed: false });
  });

  it('has nowhere to go for a name that nobody declares', () => {
    expect(dialFor(meshed, { by: 'name', name: 'grpc' })).toBeNull();
    expect(dialFor(plain, { by: 'name', name: 'grpc' })).toBeNull();
  });
});

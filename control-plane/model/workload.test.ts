import { describe, expect, it } from 'vitest';
import { checkDocument } from './check-document.ts';
import { formatPath } from './document-violation.ts';

function faultsOf(spec: object): string[] {
  const workload = { apiVersion: 'heddle.dev/v1alpha1', kind: 'Workload', metadata: { name: 'cart-1' } };
  const written = { ...workload, spec: { address: '10.0.0.7', service: 'cart', ports: [{ port: 8080 }], ...spec } };
  return checkDocument(written).faults.map(({ path, message }) => `${formatPath(path)}: ${message}`);
}

describe('workloadSchema', () => {
  it.each(['10.0.0.7', 'fd00::7', '127.0.0.1', '::1'])('takes an instance at %s', (address) => {
    expect(faultsOf({ address })).toEqual([]);
  });

  it.each(['169.254.169.254', '::ffff:169.254.169.254', '::ffff:127.0.0.1', '0.0.0.0', 'fe80::1', '224.0.0.1'])(
    'sends nobody to %s, as an instance or as its sidecar',
    (address) => {
      const said = `${address} is of one link only, of many hosts, or that of a cloud's metadata: sidecars never connect there`;
      expect(faultsOf({ address })).toEqual([`spec.address: ${said}`]);
      expect(faultsOf({ ports: [{ port: 8080, inboundPort: 15_006, inboundAddress: address }] })).toEqual([
        `spec.ports[0].inboundAddress: ${said}`,
      ]);
    },
  );

  it('has an address, and no name', () => {
    expect(faultsOf({ address: 'cart.example.com' })).toEqual([
      'spec.address: write an IP address such as 10.0.0.7 or fd00::7',
    ]);
  });
});

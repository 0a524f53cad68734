import type { Registration } from '../registry.ts';

/** A registration of `cart` in `default`, with whatever a test wants different. */
export function registration(
  differing: { name?: string; identity?: string; address?: string; instanceId?: string; generation?: number } = {},
): Registration {
  const { name = 'cart-1', address = '10.0.0.1' } = differing;
  return {
    instanceId: differing.instanceId ?? `instance of ${name}`,
    generation: differing.generation ?? 1,
    workload: {
      name,
      namespace: 'default',
      service: 'cart',
      identity: differing.identity ?? 'spiffe://cluster.local/ns/default/sa/cart',
      labels: { app: 'cart', version: 'v1' },
      address,
      ports: [{ port: 8080, inboundAddress: address, inboundPort: 15006, protocol: 'http' }],
      adminAddress: `${address}:15000`,
      region: '',
      zone: '',
      heddleVersion: '0.1.0',
      registeredAtMs: 0,
    },
  };
}

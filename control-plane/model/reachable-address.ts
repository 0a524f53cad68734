import { isForbiddenAddress, isLoopbackAddress } from '../../proto/forbidden-addresses.ts';

/**
 * Why documents must not lead sidecars to an IP address; null where they may.
 *
 * Loopback is let pass: it is each caller's own host, and on one host an instance without a sidecar may well be there. What a
 * cloud tells its guests, credentials among it, nobody has to reach through a mesh.
 */
export function addressFault(address: string): string | null {
  if (!isForbiddenAddress(address) || isLoopbackAddress(address)) return null;
  return `${address} is of one link only, of many hosts, or that of a cloud's metadata: sidecars never connect there`;
}

import type { Input } from '../../../proto/load.ts';

/** "Ask for it on this very stream." */
export const adsSource: Input<'envoy.config.core.v3.ConfigSource'> = { ads: {}, resource_api_version: 'V3' };

export function socketAddress(address: string, port: number): Input<'envoy.config.core.v3.Address'> {
  return { socket_address: { address, port_value: port } };
}

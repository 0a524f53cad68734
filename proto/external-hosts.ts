/**
 * What travels beside the outbound listener: the hosts outside the mesh that documents name, so that a sidecar knows at once
 * whether it is to ask for the routes of a host. The routes themselves come by name, of those hosts that are called.
 */
import type { Metadata, Metadata__Output } from './generated/envoy/config/core/v3/Metadata.ts';
import { fromStruct, toStruct } from './struct.ts';

const KEY = 'heddle.external';

/** Names of RouteConfigurations: `api.example.com:80`, `*.example.com:443`. */
export function formatExternalHosts(names: readonly string[]): Metadata {
  return { filter_metadata: { [KEY]: toStruct({ hosts: names }) } };
}

/** Takes anything: what is no text counts as not said. */
export function parseExternalHosts(metadata: Metadata__Output | null): readonly string[] {
  const { hosts } = fromStruct(metadata?.filter_metadata[KEY]);
  return Array.isArray(hosts) ? hosts.filter((name) => typeof name === 'string') : [];
}

import type { Node } from '../../proto/generated/envoy/config/core/v3/Node.ts';
import type { TypeUrl } from '../../proto/type-urls.ts';
import {
  CLUSTER_LOAD_ASSIGNMENT_TYPE_URL,
  CLUSTER_TYPE_URL,
  LISTENER_TYPE_URL,
  ROUTE_CONFIGURATION_TYPE_URL,
  SECRET_TYPE_URL,
} from '../../proto/type-urls.ts';
import type { RefusedResource } from '../xds/ads-client.ts';
import type { ConfigEntry } from '../xds/apply.ts';
import type { AdminResponse } from './admin-server.ts';
import { json } from './admin-server.ts';
import { resourceJson } from './proto-json.ts';

export interface ConfigDump {
  readonly node: Node;
  readonly entries: readonly ConfigEntry[];
  /** The newest version of each resource that was refused. */
  readonly rejected: readonly RefusedResource[];
}

/**
 * `GET /config_dump`: what is in force, what is being warmed, and what was refused and why, in Envoy's shape. Endpoints
 * are there with `?include_eds`, as in Envoy, since there may be many. `?resource=dynamic_route_configs` shows one list
 * alone.
 *
 * Source: `envoy.admin.v3.ConfigDump`.
 */
export function configDumpPage(dump: ConfigDump, query: URLSearchParams): AdminResponse {
  const sections = [
    section('BootstrapConfigDump', { bootstrap: { node: dump.node } }),
    section('ClustersConfigDump', {
      dynamic_active_clusters: list(dump, CLUSTER_TYPE_URL, 'cluster', 'active'),
      dynamic_warming_clusters: list(dump, CLUSTER_TYPE_URL, 'cluster', 'warming'),
    }),
    ...(query.has('include_eds')
      ? [
          section('EndpointsConfigDump', {
            dynamic_endpoint_configs: list(dump, CLUSTER_LOAD_ASSIGNMENT_TYPE_URL, 'endpoint_config', 'active'),
          }),
        ]
      : []),
    section('ListenersConfigDump', { dynamic_listeners: listeners(dump) }),
    section('RoutesConfigDump', {
      dynamic_route_configs: list(dump, ROUTE_CONFIGURATION_TYPE_URL, 'route_config', 'active'),
      dynamic_warming_route_configs: list(dump, ROUTE_CONFIGURATION_TYPE_URL, 'route_config', 'warming'),
    }),
    section('SecretsConfigDump', { dynamic_active_secrets: list(dump, SECRET_TYPE_URL, 'secret', 'active') }),
  ];
  const resource = query.get('resource');
  if (resource === null) return json({ configs: sections });
  const found = sections.map((lists) => lists[resource]).find(Array.isArray);
  if (found === undefined) {
    return { ...json({ error: `${resource} is not a list of the configuration dump` }), status: 404 };
  }
  return json({ configs: found });
}

function section(type: string, lists: Record<string, unknown>): Record<string, unknown> {
  return { '@type': `type.googleapis.com/envoy.admin.v3.${type}`, ...lists };
}

/** `field` is where Envoy's message of this type has the resource. */
function list(dump: ConfigDump, typeUrl: TypeUrl, field: string, state: ConfigEntry['state']): unknown[] {
  return dump.entries
    .filter((entry) => entry.resource.typeUrl === typeUrl && entry.state === state)
    .map((entry) => ({ ...described(entry, typeUrl, field), ...errorOf(dump, typeUrl, entry.resource.name) }));
}

/** Listeners have their states inside one entry per name. */
function listeners(dump: ConfigDump): unknown[] {
  const byName = new Map<string, Record<string, unknown>>();
  for (const entry of dump.entries) {
    const { typeUrl, name } = entry.resource;
    if (typeUrl !== LISTENER_TYPE_URL) continue;
    const state = entry.state === 'active' ? 'active_state' : 'warming_state';
    const known = byName.get(name) ?? { name, ...errorOf(dump, typeUrl, name) };
    byName.set(name, { ...known, [state]: described(entry, LISTENER_TYPE_URL, 'listener') });
  }
  return [...byName.values()];
}

function described({ resource }: ConfigEntry, typeUrl: TypeUrl, field: string): Record<string, unknown> {
  return {
    ...(typeUrl === SECRET_TYPE_URL ? { name: resource.name } : {}),
    version_info: resource.version,
    [field]: resourceJson(typeUrl, resource.bytes),
    last_updated: new Date(resource.receivedAtMs).toISOString(),
  };
}

function errorOf({ rejected }: ConfigDump, typeUrl: string, name: string): Record<string, unknown> {
  const refused = rejected.find((resource) => resource.typeUrl === typeUrl && resource.name === name);
  if (refused === undefined) return {};
  return { error_state: { version_info: refused.version, details: refused.reason } };
}

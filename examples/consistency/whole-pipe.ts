import type { ModelDocument } from '../../control-plane/model/kinds.ts';
import { parseDocuments } from '../../control-plane/model/parse-documents.ts';
import type { RegisteredWorkload } from '../../control-plane/registry/registered-workload.ts';
import type { EncodedResource } from '../../control-plane/translate/encoded-resource.ts';
import type { Snapshot } from '../../control-plane/translate/snapshot.ts';
import { translate } from '../../control-plane/translate/snapshot.ts';
import { registeredWorkload, viewOf } from '../../control-plane/translate/testing/golden-case.ts';
import type { ClientView } from '../../control-plane/translate/view/client-view.ts';
import { STOCK_FEATURES } from '../../proto/features.ts';
import type { ResourceTypeUrl } from '../../proto/type-urls.ts';
import {
  CLUSTER_LOAD_ASSIGNMENT_TYPE_URL,
  CLUSTER_TYPE_URL,
  LISTENER_TYPE_URL,
  ROUTE_CONFIGURATION_TYPE_URL,
  SECRET_TYPE_URL,
} from '../../proto/type-urls.ts';
import type { RouteTable } from '../../proxy/route/route-table.ts';
import { announcedFeatures } from '../../proxy/xds/announced-features.ts';
import { withoutRequests } from '../../proxy/xds/compile-filters.ts';
import { compileRouteConfiguration } from '../../proxy/xds/compile-route.ts';
import { parseResource } from '../../proxy/xds/parse-resource.ts';

/**
 * The way of a document through both planes: model, translation, wire, the sidecar's checks and compilers. Neither plane
 * may import the other, so what they must agree on is tested here.
 */

const types = [
  ['LDS', LISTENER_TYPE_URL],
  ['RDS', ROUTE_CONFIGURATION_TYPE_URL],
  ['CDS', CLUSTER_TYPE_URL],
  ['EDS', CLUSTER_LOAD_ASSIGNMENT_TYPE_URL],
  ['SDS', SECRET_TYPE_URL],
] as const;

/** The callers that a mesh of these tests has: one beside the services, one in a namespace of its own. */
export const clients: readonly ClientView[] = [
  { workload: 'default/cart-v1-1', namespace: 'default', features: new Set(announcedFeatures) },
  { workload: 'other/shop-1', namespace: 'other', features: new Set(announcedFeatures) },
];

/** Two versions of `cart`, of which callers are in `default` and in `other`. */
export const workloads: readonly RegisteredWorkload[] = [
  { name: 'cart-v1-1', service: 'cart', version: 'v1', ports: [8080] },
  { name: 'cart-v2-1', service: 'cart', version: 'v2', ports: [8080] },
  { name: 'shop-1', namespace: 'other', service: 'shop', ports: [9090] },
].map(registeredWorkload);

/** What the model makes of one document written as plain data: the document, or why it is refused. */
export function readDocument(value: object): ModelDocument | readonly string[] {
  const { documents, violations } = parseDocuments(JSON.stringify(value), { format: 'json' });
  const errors = violations.filter(({ severity }) => severity === 'error');
  const document = documents[0]?.document;
  return errors.length === 0 && document !== undefined
    ? document
    : violations.map(({ path, message }) => `${path}: ${message}`);
}

export function meshOf(documents: readonly ModelDocument[]): Snapshot {
  return translate(viewOf(documents, workloads));
}

/** Why the sidecars of {@link clients} would refuse a resource of this mesh; empty when they take all of them. */
export function refusals(snapshot: Snapshot): string[] {
  return clients.flatMap((client) =>
    types.flatMap(([type, typeUrl]) =>
      namesFor(snapshot, client, typeUrl).flatMap((name) => {
        const resource = snapshot.resource(client, typeUrl, name);
        if (resource === null) return [`${type} ${name} is listed and does not exist`];
        return refusalsOf(resource).map((reason) => `${type} ${name} ${reason}`);
      }),
    ),
  );
}

/** Listeners by service port, and what is outside the mesh, are asked for one by one, by the names of clusters without a version. */
function namesFor(snapshot: Snapshot, client: ClientView, typeUrl: ResourceTypeUrl): readonly string[] {
  const names = snapshot.names(client, typeUrl);
  const ports = snapshot.names(stockEnvoy, CLUSTER_TYPE_URL).filter((name) => /^outbound\|\d+\|\|/.test(name));
  if (typeUrl === LISTENER_TYPE_URL || typeUrl === CLUSTER_TYPE_URL) return [...new Set([...names, ...ports])];
  if (typeUrl !== ROUTE_CONFIGURATION_TYPE_URL) return names;
  return [...new Set([...names, ...ports.map((name) => name.replace(/^outbound\|(\d+)\|\|(.*)$/, '$2:$1'))])];
}

/** Who does not know what to ask for, and is told of all that has a name. */
const stockEnvoy: ClientView = { workload: '', namespace: '', features: new Set(STOCK_FEATURES) };

/** Most resources of two meshes are the same, and equal versions are equal bytes. */
const known = new Map<string, readonly string[]>();

function refusalsOf(resource: EncodedResource): readonly string[] {
  const key = `${resource.typeUrl} ${resource.name} ${resource.version}`;
  const before = known.get(key);
  if (before !== undefined) return before;
  const parsed = parseResource(resource, 'cluster.local', 0);
  const reasons = typeof parsed === 'string' ? [parsed] : [];
  known.set(key, reasons);
  return reasons;
}

/** The table that a sidecar looks requests for one service port up in; destinations are cluster names. */
export function routeTable(snapshot: Snapshot, name: string, client = clients[0] as ClientView): RouteTable<string> {
  const resource = snapshot.resource(client, ROUTE_CONFIGURATION_TYPE_URL, name);
  if (resource === null) throw new Error(`no route configuration ${name}`);
  const parsed = parseResource(resource, 'cluster.local', 0);
  if (typeof parsed === 'string') throw new Error(parsed);
  if (parsed.meaning.kind !== 'routes') throw new Error(`${name} holds no routes`);
  return compileRouteConfiguration(parsed.meaning.configuration, (cluster) => cluster, withoutRequests);
}

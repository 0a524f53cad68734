import { createHash } from 'node:crypto';
import { messageType } from '../../../proto/load.ts';
import { goodCluster, goodClusterLoadAssignment, goodListener } from '../../../proto/testing/resources.ts';
import type { ResourceTypeUrl } from '../../../proto/type-urls.ts';
import { CLUSTER_LOAD_ASSIGNMENT_TYPE_URL, CLUSTER_TYPE_URL, LISTENER_TYPE_URL } from '../../../proto/type-urls.ts';
import type { ResourceSource, SnapshotResource } from '../resource-gate.ts';

/** A resource of these bytes, as translate makes them. */
export function resourceOf(typeUrl: ResourceTypeUrl, name: string, bytes: Buffer): SnapshotResource {
  const version = createHash('sha256').update(bytes).digest('hex').slice(0, 16);
  return Object.freeze({ name, typeUrl, version, bytes });
}

/** A valid cluster; another `timeoutSeconds` makes another version. */
export function cluster(name: string, timeoutSeconds = 5): SnapshotResource {
  const message = { ...goodCluster(), name, connect_timeout: { seconds: timeoutSeconds } };
  return resourceOf(CLUSTER_TYPE_URL, name, messageType('envoy.config.cluster.v3.Cluster').encode(message));
}

export function endpoints(name: string): SnapshotResource {
  const message = { ...goodClusterLoadAssignment(), cluster_name: name };
  const type = messageType('envoy.config.endpoint.v3.ClusterLoadAssignment');
  return resourceOf(CLUSTER_LOAD_ASSIGNMENT_TYPE_URL, name, type.encode(message));
}

export function listener(name: string): SnapshotResource {
  const message = { ...goodListener(), name };
  return resourceOf(LISTENER_TYPE_URL, name, messageType('envoy.config.listener.v3.Listener').encode(message));
}

/** A cluster that no proxy would take: it has no timeout, and a field outside the subset. */
export function badCluster(name: string): SnapshotResource {
  const good = messageType('envoy.config.cluster.v3.Cluster').encode({ name, connect_timeout: {} });
  return resourceOf(CLUSTER_TYPE_URL, name, Buffer.concat([good, Buffer.from([0x98, 0x06, 0x01])]));
}

/** The same resources for everybody. */
export function snapshotOf(revision: number, resources: readonly SnapshotResource[]): ResourceSource {
  return {
    revision,
    resource: (_client, typeUrl, name) =>
      resources.find((resource) => resource.typeUrl === typeUrl && resource.name === name) ?? null,
    names: (_client, typeUrl) => resources.filter((resource) => resource.typeUrl === typeUrl).map(({ name }) => name),
  };
}

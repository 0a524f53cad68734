import { HTTP_PROTOCOL_OPTIONS } from '../extension-names.ts';
import type { Cluster__Output } from '../generated/envoy/config/cluster/v3/Cluster.ts';
import type { Violation } from '../violation.ts';
import { root, Violations } from '../violation.ts';
import { checkCircuitBreakers } from './circuit-breakers.ts';
import { checkClusterLoadAssignment } from './cluster-load-assignment.ts';
import { requireConfigSource } from './config-source.ts';
import { checkDnsDiscovery } from './dns-discovery.ts';
import { checkDuration, checkPercent, refuse, requireName, requireOneOf, requireUnique } from './field-checks.ts';
import { checkHealthChecks } from './health-check.ts';
import { checkUpstreamHttpOptions } from './http-protocol-options.ts';
import { checkLoadBalancing } from './load-balancing.ts';
import { checkOutlierDetection } from './outlier-detection.ts';
import { checkTcpKeepalive } from './tcp-keepalive.ts';
import { checkOrigination } from './tls-origination.ts';
import { checkUpstreamTransportSocket } from './transport-socket.ts';
import { unpackAt } from './unpack-at.ts';

export function validateCluster(cluster: Cluster__Output): Violation[] {
  const violations = new Violations();
  requireName(cluster.name, root.field('name'), violations);
  checkDiscovery(cluster, violations);
  // The absent field means 5 s; zero would give a connection no time at all.
  checkDuration(cluster.connect_timeout, root.field('connect_timeout'), violations, { minMs: 1 });
  refuse(cluster, ['per_connection_buffer_limit_bytes'], root, violations);
  checkLoadBalancing(cluster, root, violations);
  checkCircuitBreakers(cluster.circuit_breakers, root.field('circuit_breakers'), violations);
  checkHealthChecks(cluster, root, violations);
  checkOutlierDetection(cluster.outlier_detection, root.field('outlier_detection'), violations);
  const panicAt = root.field('common_lb_config').field('healthy_panic_threshold');
  checkPercent(cluster.common_lb_config?.healthy_panic_threshold ?? null, panicAt, violations);
  checkTcpKeepalive(cluster.upstream_connection_options, root.field('upstream_connection_options'), violations);
  checkTransportSockets(cluster, violations);
  checkProtocolOptions(cluster, violations);
  return violations.list();
}

/** Where endpoints come from: each type has its own field for that, and the others' must be absent. */
function checkDiscovery(cluster: Cluster__Output, violations: Violations): void {
  const type = cluster.type ?? 'STATIC';
  requireOneOf(type, ['STATIC', 'STRICT_DNS', 'EDS', 'ORIGINAL_DST'], root.field('type'), violations);
  if (type === 'EDS') {
    requireConfigSource(
      cluster.eds_cluster_config?.eds_config ?? null,
      root.field('eds_cluster_config').field('eds_config'),
      violations,
    );
  } else if (cluster.eds_cluster_config !== null) {
    violations.add(root.field('eds_cluster_config'), `has no meaning for the type ${type}`);
  }
  checkDnsDiscovery(cluster, root, violations);
  if (cluster.load_assignment === null) {
    // Absent in a STATIC cluster: one without endpoints.
    if (type === 'STRICT_DNS') violations.add(root.field('load_assignment'), 'is required: it holds the names');
  } else {
    const assignmentAt = root.field('load_assignment');
    if (type === 'STATIC') {
      checkClusterLoadAssignment(cluster.load_assignment, assignmentAt, violations);
    } else if (type === 'STRICT_DNS') {
      checkClusterLoadAssignment(cluster.load_assignment, assignmentAt, violations, 'names');
    } else {
      violations.add(assignmentAt, `has no meaning for the type ${type}`);
    }
  }
}

function checkTransportSockets(cluster: Cluster__Output, violations: Violations): void {
  const { transport_socket: socket } = cluster;
  const socketAt = root.field('transport_socket');
  if (socket !== null && !checkOrigination(socket, socketAt, violations)) {
    checkUpstreamTransportSocket(socket, socketAt, violations);
  }
  const matchAt = (index: number) => root.field('transport_socket_matches').index(index);
  for (const [index, match] of cluster.transport_socket_matches.entries()) {
    requireName(match.name, matchAt(index).field('name'), violations);
    if (match.transport_socket === null) {
      violations.add(matchAt(index).field('transport_socket'), 'is required');
    } else {
      checkUpstreamTransportSocket(match.transport_socket, matchAt(index).field('transport_socket'), violations);
    }
  }
  requireUnique(
    cluster.transport_socket_matches.map((match) => match.name),
    (index) => matchAt(index).field('name'),
    violations,
  );
}

function checkProtocolOptions(cluster: Cluster__Output, violations: Violations): void {
  for (const [key, any] of Object.entries(cluster.typed_extension_protocol_options)) {
    const at = root.field('typed_extension_protocol_options').key(key);
    if (key !== HTTP_PROTOCOL_OPTIONS) {
      violations.add(at, 'is not supported by the sidecar');
      continue;
    }
    const options = unpackAt([HTTP_PROTOCOL_OPTIONS], any, at, violations);
    if (options !== null) {
      checkUpstreamHttpOptions(options.message, at, violations);
    }
  }
}

import type { JoinGrant } from '../../certs/grant.ts';
import type { SpiffeId } from '../../certs/spiffe-id.ts';
import { workloadOf } from '../../certs/spiffe-id.ts';
import { STOCK, STOCK_FEATURES } from '../../proto/features.ts';
import type { Output } from '../../proto/load.ts';

/** What a client says of itself in `Node`, as far as its certificate agrees. */
export interface NodeIdentity {
  readonly name: string;
  readonly namespace: string;
  readonly service: string;
  /** Label `version`; empty without one. */
  readonly version: string;
  /** Empty for a client that is not our sidecar. */
  readonly heddleVersion: string;
  /** What our sidecars announce. A stock client says nothing, and its xDS has all that ours may lack. */
  readonly features: ReadonlySet<string>;
  /** Where a client that is not our sidecar takes its application's calls: 15001, or `OUTBOUND_PORT` of its metadata. */
  readonly outboundPort: number;
}

/** `isDenied` when the node is well formed and claims to be another than its certificate. */
export class NodeRefusedError extends Error {
  override readonly name = 'NodeRefusedError';
  readonly isDenied: boolean;

  constructor(message: string, isDenied: boolean) {
    super(message);
    this.isDenied = isDenied;
  }
}

/** Istio's form: `sidecar~<address>~<workload>.<namespace>~<domain>`; a gRPC client leaves the namespace out. */
const idPattern = /^[a-z]{1,16}~[0-9a-fA-F.:]{0,45}~([a-z0-9.-]{1,317})~[a-zA-Z0-9._-]{0,253}$/;

/** As on every sidecar that has a network to itself. */
const defaultOutboundPort = 15_001;

/** Names of features that a node may announce. */
const maxFeatures = 64;

/**
 * Reads a node and holds it against the certificate of its connection: the namespace must be that of the SPIFFE id, and
 * the service that of the grant, so that nobody sees what is meant for another.
 *
 * @throws NodeRefusedError
 */
export function identifyNode(
  node: Output<'envoy.config.core.v3.Node'> | null,
  id: SpiffeId,
  grant: JoinGrant | null,
): NodeIdentity {
  const place = idPattern.exec(node?.id ?? '')?.[1];
  const own = workloadOf(id);
  if (node === null || place === undefined) {
    throw new NodeRefusedError('the first request needs a node with id type~address~workload.namespace~domain', false);
  }
  if (own === null) {
    throw new NodeRefusedError(`${id} names no namespace and service account`, true);
  }
  const dot = place.lastIndexOf('.');
  const name = dot === -1 ? place : place.slice(0, dot);
  const namespace = dot === -1 ? own.namespace : place.slice(dot + 1);
  const metadata = node.metadata?.fields ?? {};
  const service = textOf(metadata.SERVICE) || (grant?.service ?? own.serviceAccount);
  for (const claimed of [namespace, textOf(metadata.NAMESPACE) || namespace]) {
    if (claimed !== own.namespace) {
      throw new NodeRefusedError(`the node claims namespace ${claimed}, its certificate is ${id}`, true);
    }
  }
  if (grant !== null && grant.service !== service && grant.anyService !== true) {
    throw new NodeRefusedError(`the node claims service ${service}, its grant is for ${grant.service}`, true);
  }
  const heddleVersion = textOf(metadata.HEDDLE_VERSION);
  const features = metadata.FEATURES?.listValue?.values ?? [];
  return {
    name,
    namespace,
    service,
    version: textOf(metadata.LABELS?.structValue?.fields?.version),
    heddleVersion,
    features: heddleVersion === '' ? STOCK_FEATURES : announced(features.slice(0, maxFeatures).map(textOf)),
    outboundPort: portOf(metadata.OUTBOUND_PORT),
  };
}

function announced(features: readonly string[]): ReadonlySet<string> {
  return new Set(features.filter((feature) => feature !== STOCK));
}

function portOf(value: Output<'google.protobuf.Value'> | undefined): number {
  const port = value?.numberValue ?? 0;
  return Number.isInteger(port) && port >= 1 && port <= 65_535 ? port : defaultOutboundPort;
}

/** Empty for anything but a text; short, because it is shown. */
function textOf(value: Output<'google.protobuf.Value'> | undefined): string {
  return (value?.stringValue ?? '').slice(0, 253);
}

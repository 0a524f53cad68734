import { MAX_PACKED_BYTES } from '../any.ts';
import { messageType } from '../load.ts';
import type { MessageNameOf, ResourceOf, ResourceTypeUrl } from '../type-urls.ts';
import {
  CLUSTER_LOAD_ASSIGNMENT_TYPE_URL,
  CLUSTER_TYPE_URL,
  LISTENER_TYPE_URL,
  messageNameOf,
  ROUTE_CONFIGURATION_TYPE_URL,
  SECRET_TYPE_URL,
} from '../type-urls.ts';
import type { Violation } from '../violation.ts';
import { root, Violations } from '../violation.ts';
import { validateCluster } from './cluster.ts';
import { validateClusterLoadAssignment } from './cluster-load-assignment.ts';
import { validateListener } from './listener.ts';
import { validateRouteConfiguration } from './route-configuration.ts';
import { validateSecret } from './secret.ts';
import { checkWire } from './unknown-fields.ts';

/** A resource without a fault, or the faults; never both. */
export type Validated<Resource> =
  | { readonly resource: Resource; readonly violations: readonly [] }
  | { readonly resource: null; readonly violations: readonly Violation[] };

interface ResourceKind<Resource> {
  readonly validate: (resource: Resource) => Violation[];
  /** The field with the name that the resource is subscribed to by. */
  readonly nameField: keyof Resource & string;
}

const KINDS: { readonly [Url in ResourceTypeUrl]: ResourceKind<ResourceOf<Url>> } = {
  [CLUSTER_TYPE_URL]: { validate: validateCluster, nameField: 'name' },
  [CLUSTER_LOAD_ASSIGNMENT_TYPE_URL]: { validate: validateClusterLoadAssignment, nameField: 'cluster_name' },
  [LISTENER_TYPE_URL]: { validate: validateListener, nameField: 'name' },
  [ROUTE_CONFIGURATION_TYPE_URL]: { validate: validateRouteConfiguration, nameField: 'name' },
  [SECRET_TYPE_URL]: { validate: validateSecret, nameField: 'name' },
};

/**
 * What a sidecar does with the bytes of a resource before it believes any of them, and the control plane before it sends
 * them: size, wire, decoding, name, and everything that the validator of its type says. All faults are reported at once.
 * Throws nothing, whatever the bytes are.
 *
 * `name` is the one that the resource was subscribed to by; a resource that calls itself otherwise is refused.
 */
export function validateResource<Url extends ResourceTypeUrl>(
  typeUrl: Url,
  name: string,
  bytes: Uint8Array,
): Validated<ResourceOf<Url>> {
  // A type URL is `type.googleapis.com/` and the name, so this cannot be null.
  const messageName = messageNameOf(typeUrl) as MessageNameOf<Url>;
  const violations = new Violations();
  if (bytes.byteLength > MAX_PACKED_BYTES) {
    violations.add(root, `has ${bytes.byteLength} bytes, more than ${MAX_PACKED_BYTES}`);
    return { resource: null, violations: violations.list() };
  }
  if (!checkWire(bytes, messageName, root, violations)) return { resource: null, violations: violations.list() };
  let resource: ResourceOf<Url>;
  try {
    resource = messageType(messageName).decode(bytes) as ResourceOf<Url>;
  } catch (error) {
    if (violations.isEmpty) {
      violations.add(root, `cannot be decoded: ${(error as Error).message}`);
    }
    return { resource: null, violations: violations.list() };
  }
  const kind: ResourceKind<ResourceOf<Url>> = KINDS[typeUrl];
  const ownName = String(resource[kind.nameField]);
  if (ownName !== name) {
    violations.add(
      root.field(kind.nameField),
      `is ${JSON.stringify(ownName)}, and was asked for as ${JSON.stringify(name)}`,
    );
  }
  const faults = [...violations.list(), ...kind.validate(resource)];
  return faults.length === 0 ? { resource, violations: [] } : { resource: null, violations: faults };
}

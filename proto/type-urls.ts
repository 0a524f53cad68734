import type { MessageName, Output } from './load.ts';

/** How a google.protobuf.Any, and a subscription, name a message type. */
export type TypeUrl<Name extends MessageName = MessageName> = `type.googleapis.com/${Name}`;

const PREFIX = 'type.googleapis.com/';

/** The five resource types. */
export const LISTENER_TYPE_URL = 'type.googleapis.com/envoy.config.listener.v3.Listener';
export const ROUTE_CONFIGURATION_TYPE_URL = 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration';
export const CLUSTER_TYPE_URL = 'type.googleapis.com/envoy.config.cluster.v3.Cluster';
export const CLUSTER_LOAD_ASSIGNMENT_TYPE_URL = 'type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment';
export const SECRET_TYPE_URL = 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret';

/**
 * In the order that loses no request when a client applies them one after the other: what is pointed at comes before
 * what points at it.
 *
 * Source: xDS protocol, "Eventual consistency considerations"; secrets last, as Istio sends them.
 */
export const RESOURCE_TYPE_URLS = [
  CLUSTER_TYPE_URL,
  CLUSTER_LOAD_ASSIGNMENT_TYPE_URL,
  LISTENER_TYPE_URL,
  ROUTE_CONFIGURATION_TYPE_URL,
  SECRET_TYPE_URL,
] as const;

export type ResourceTypeUrl = (typeof RESOURCE_TYPE_URLS)[number];

export type MessageNameOf<Url extends string> = Url extends `type.googleapis.com/${infer Name extends MessageName}`
  ? Name
  : never;

/** A decoded resource of a type. */
export type ResourceOf<Url extends ResourceTypeUrl> = Output<MessageNameOf<Url>>;

export function isResourceTypeUrl(typeUrl: string): typeUrl is ResourceTypeUrl {
  return (RESOURCE_TYPE_URLS as readonly string[]).includes(typeUrl);
}

export function typeUrlOf<Name extends MessageName>(name: Name): TypeUrl<Name> {
  return `${PREFIX}${name}`;
}

/** Null for a type URL of another authority. Whether the message exists in the contract is not looked at. */
export function messageNameOf(typeUrl: string): string | null {
  return typeUrl.startsWith(PREFIX) && typeUrl.length > PREFIX.length ? typeUrl.slice(PREFIX.length) : null;
}

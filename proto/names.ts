/**
 * The names that both planes must agree on: what the control plane calls a resource is what a sidecar asks for.
 *
 * The forms are Istio's, so that its tools and dashboards read them. Every `parse…` gives null for a name that is not of
 * its form; what a program formats itself is checked by throwing a TypeError.
 */

/** The DNS suffix of every service host. */
export const SERVICE_DOMAIN = 'svc.cluster.local';

export const VIRTUAL_OUTBOUND = 'virtualOutbound';
export const PASSTHROUGH_CLUSTER = 'PassthroughCluster';
export const BLACK_HOLE_CLUSTER = 'BlackHoleCluster';

/** The secret that holds the trust domain's roots. */
export const ROOT_SECRET = 'ROOTCA';
/** The secret that stands for the sidecar's own certificate. It is never sent: the sidecar has the key and nobody else. */
export const LEAF_SECRET = 'default';

/** ALPN names between sidecars: "this is the mesh, and inside is …", so that an inbound listener need not guess. */
export const ALPN_HTTP1 = 'heddle-http/1.1';
export const ALPN_HTTP2 = 'heddle-h2';
export const ALPN_TCP = 'heddle-tcp';

/**
 * What the HTTP inspector calls plaintext HTTP, as `application_protocols` of a filter chain; `h2c` is what begins with
 * the preface of HTTP/2.
 */
export const DETECTED_HTTP = ['http/1.0', 'http/1.1', 'h2c'] as const;

export const CONTROL_PLANE_NAMESPACE = 'heddle-system';
export const CONTROL_PLANE_SERVICE_ACCOUNT = 'heddle-control-plane';
/** The path of the control plane's SPIFFE id in any trust domain. */
export const CONTROL_PLANE_IDENTITY_PATH = `/ns/${CONTROL_PLANE_NAMESPACE}/sa/${CONTROL_PLANE_SERVICE_ACCOUNT}`;

/** Endpoint metadata that a cluster's transport socket matches look at. */
export const TRANSPORT_SOCKET_MATCH_METADATA = 'envoy.transport_socket_match';
/** The value of its `tlsMode` for an endpoint behind a sidecar. Such an endpoint is never dialled in plaintext. */
export const TLS_MODE_HEDDLE = 'heddle';
/** Endpoint metadata with the workload behind it, and cluster metadata with the services behind it. */
export const ISTIO_METADATA = 'istio';
/** Route metadata that says which document the route came from; see metadata.ts. */
export const HEDDLE_METADATA = 'heddle';
/** And where its faults come from. */
export const FAULT_METADATA = 'heddle.fault';

/** A port of a service, or of one version of it. */
export interface ServicePort {
  readonly host: string;
  readonly port: number;
  /** A version, or '' for all of them. */
  readonly subset: string;
}

export type ClusterName =
  | ({ readonly direction: 'outbound' } & ServicePort)
  | {
      readonly direction: 'inbound';
      /** The port of the application. */
      readonly port: number;
    };

/** Whether a text is an RFC 1123 label, which names of services, namespaces and workloads are. */
export function isDnsLabel(text: string): boolean {
  return /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(text);
}

export function serviceHost(name: string, namespace: string): string {
  return `${name}.${namespace}.${SERVICE_DOMAIN}`;
}

export function parseServiceHost(host: string): { name: string; namespace: string } | null {
  const match = /^([^.]+)\.([^.]+)\.svc\.cluster\.local$/.exec(host);
  return match === null ? null : { name: match[1] as string, namespace: match[2] as string };
}

/** `outbound|80|v1|cart.default.svc.cluster.local` */
export function outboundClusterName(target: ServicePort): string {
  const { port, subset, host } = checkedServicePort(target, '|');
  return `outbound|${port}|${subset}|${host}`;
}

/** `inbound|8080||` */
export function inboundClusterName(port: number): string {
  return `inbound|${checkedPort(port)}||`;
}

/** `inbound|8080||`: listener and cluster of an application port have one name. */
export function inboundListenerName(port: number): string {
  return inboundClusterName(port);
}

/**
 * `outbound|6379||redis.default.svc.cluster.local`: the listener that says what connections to a service port carry. The
 * host is what callers call, so a version of a service is in it and never between the bars.
 */
export function outboundListenerName(host: string, port: number): string {
  return outboundClusterName({ host, port, subset: '' });
}

/** Takes listener names too: they are formed like those of clusters. */
export function parseClusterName(name: string): ClusterName | null {
  const parts = name.split('|');
  const [direction, portText, subset, host] = parts;
  const port = parsePort(portText);
  if (parts.length !== 4 || port === null || subset === undefined || host === undefined) {
    return null;
  }
  if (direction === 'outbound') {
    return host === '' ? null : { direction, port, subset, host };
  }
  return direction === 'inbound' && subset === '' && host === '' ? { direction, port } : null;
}

/**
 * `outbound_.80_.v1_.cart.default.svc.cluster.local`, and `outbound_.80_._.cart…` for all versions: a cluster name in
 * letters that a TLS server name allows. A version may itself hold `_.`, a host may not, so the last one parts them.
 */
export function upstreamSni(target: ServicePort): string {
  const { port, subset, host } = checkedServicePort(target, '_.');
  return `outbound_.${port}_.${subset}_.${host}`;
}

/** `cart.default.svc.cluster.local:80` */
export function routeConfigurationName(host: string, port: number): string {
  return `${host}:${checkedPort(port)}`;
}

export function parseRouteConfigurationName(name: string): { host: string; port: number } | null {
  const colon = name.lastIndexOf(':');
  const port = parsePort(name.slice(colon + 1));
  return colon < 1 || port === null ? null : { host: name.slice(0, colon), port };
}

export function controlPlaneSpiffeId(trustDomain: string): string {
  return `spiffe://${trustDomain}${CONTROL_PLANE_IDENTITY_PATH}`;
}

/** Who an endpoint is, as it travels in `istio` metadata of EDS. */
export interface WorkloadName {
  readonly name: string;
  readonly namespace: string;
  readonly service: string;
  /** '' when the workload has no version. */
  readonly version: string;
  /** Which cluster of machines it runs in; `heddle` where there is only one. */
  readonly cluster: string;
}

/** `cart-v1-1;default;cart;v1;heddle` */
export function formatWorkloadName(workload: WorkloadName): string {
  const parts = [workload.name, workload.namespace, workload.service, workload.version, workload.cluster];
  const illegal = parts.find((part) => part.includes(';'));
  if (illegal !== undefined) {
    throw new TypeError(`a workload name cannot hold ';': ${JSON.stringify(illegal)}`);
  }
  return parts.join(';');
}

export function parseWorkloadName(text: string): WorkloadName | null {
  const [name, namespace, service, version, cluster, ...more] = text.split(';');
  if (!name || !namespace || service === undefined || version === undefined || cluster === undefined || more.length) {
    return null;
  }
  return { name, namespace, service, version, cluster };
}

function checkedServicePort(target: ServicePort, separator: string): ServicePort {
  checkedPort(target.port);
  if (target.host === '' || target.host.includes(separator)) {
    throw new TypeError(`not a host: ${JSON.stringify(target.host)}`);
  }
  if (target.subset.includes('|')) {
    throw new TypeError(`not a version: ${JSON.stringify(target.subset)}`);
  }
  return target;
}

function checkedPort(port: number): number {
  if (!Number.isInteger(port) || port < 1 || port > 65535) {
    throw new TypeError(`not a port number: ${port}`);
  }
  return port;
}

/** Decimal without leading zeros, so that every name has one spelling. */
function parsePort(text: string | undefined): number | null {
  if (text === undefined || !/^[1-9]\d{0,4}$/.test(text)) {
    return null;
  }
  const port = Number(text);
  return port <= 65535 ? port : null;
}

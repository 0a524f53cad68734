import { nearestWord } from './nearest-word.ts';

/**
 * What a service port carries, as far as a sidecar treats it differently. `http2` includes gRPC. `auto` is a port that
 * nobody has declared: HTTP in the version that the client speaks, other bytes as they are.
 */
export type PortProtocol = 'http' | 'http2' | 'tcp' | 'auto';

/** What a workload says of a port of its own. */
export type WorkloadProtocol = (typeof workloadProtocols)[number];

export const workloadProtocols = ['http', 'http2', 'grpc', 'tcp'] as const;

/**
 * `appProtocol` of a Service port: Kubernetes' standard names, Istio's, and the databases and brokers that people name.
 * TLS of an application's own is bytes to the mesh, so `https` is TCP.
 *
 * Source: Kubernetes "Application protocol", KEP-3726; Istio `pkg/config/protocol`.
 */
const protocols: Readonly<Record<string, Exclude<PortProtocol, 'auto'>>> = {
  http: 'http',
  'http/1.1': 'http',
  http1: 'http',
  ws: 'http',
  'kubernetes.io/ws': 'http',
  'grpc-web': 'http',
  http2: 'http2',
  h2c: 'http2',
  'kubernetes.io/h2c': 'http2',
  grpc: 'http2',
  tcp: 'tcp',
  tls: 'tcp',
  https: 'tcp',
  wss: 'tcp',
  'kubernetes.io/wss': 'tcp',
  mysql: 'tcp',
  postgres: 'tcp',
  postgresql: 'tcp',
  redis: 'tcp',
  mongo: 'tcp',
  mongodb: 'tcp',
  memcached: 'tcp',
  cassandra: 'tcp',
  kafka: 'tcp',
  amqp: 'tcp',
  mqtt: 'tcp',
  nats: 'tcp',
  smtp: 'tcp',
  ldap: 'tcp',
  dns: 'tcp',
  ssh: 'tcp',
};

/**
 * Ports of protocols in which the server speaks first or whose first bytes tell nothing: waiting for the client's bytes
 * would wait in vain. These are TCP unless somebody declares otherwise.
 *
 * Source: Linkerd's default opaque ports (25, 587, 3306, 4444, 5432, 6379, 9300, 11211); Istio's well-known ports (25,
 * 53, 3306, 27017).
 */
const opaquePorts: ReadonlySet<number> = new Set([
  25, // SMTP
  53, // DNS over TCP
  587, // SMTP submission
  3306, // MySQL
  4444, // Galera
  5432, // PostgreSQL
  6379, // Redis
  9300, // Elasticsearch transport
  11211, // memcached
  27017, // MongoDB
]);

/** Null for a name that says nothing to the mesh, which is then as good as none. Case does not matter (Istio). */
export function namedProtocol(name: string): Exclude<PortProtocol, 'auto'> | null {
  const lower = name.toLowerCase();
  return Object.hasOwn(protocols, lower) ? (protocols[lower] ?? null) : null;
}

/**
 * What the name of a Service port says: `http-web`, `grpc`, `tcp-redis`.
 *
 * Source: Istio "Protocol Selection": `<protocol>[-<suffix>]`.
 */
export function portNameProtocol(name: string): Exclude<PortProtocol, 'auto'> | null {
  if (/^grpc-web(?:-|$)/i.test(name)) return 'http';
  return namedProtocol(name.split('-', 1)[0] ?? '');
}

/** Whether a port that nobody declared carries one of the protocols whose bytes must not be waited for. */
export function isOpaquePort(port: number): boolean {
  return opaquePorts.has(port);
}

/** The name that was probably meant; a name with a slash belongs to whoever owns the domain before it. */
export function meantProtocol(name: string): string | null {
  return name.includes('/') ? null : nearestWord(name, Object.keys(protocols));
}

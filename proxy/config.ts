import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { isDnsLabel } from '../proto/names.ts';
import type { LogLevel } from './log.ts';

/** A service that the application calls on a local port of its own. */
export interface UpstreamDeclaration {
  /** `cart`, `cart.shop`, `cart:8080`, or outside the mesh `db.example.com:5432`. */
  readonly service: string;
  readonly localPort: number;
}

/** What an application may be declared to speak at one of its ports; `auto` is for nothing declared. */
export const applicationProtocols = ['auto', 'http', 'http2', 'grpc', 'tcp'] as const;
export type ApplicationProtocol = (typeof applicationProtocols)[number];

/** A port on which the application listens on loopback. */
export interface ApplicationPort {
  readonly port: number;
  readonly protocol: ApplicationProtocol;
}

/** Everything a sidecar is told at its start. Made once, frozen, never read from the environment later. */
export interface ProxyConfig {
  /** Name of the workload, unique in its namespace; see `defaultWorkloadName`. */
  readonly name: string;
  readonly service: string;
  /** Default `default`. */
  readonly namespace: string;
  /** Value of the label `version`; empty for none. */
  readonly version: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Ports on which the application listens on loopback. At least one unless the workload only calls others. */
  readonly ports: readonly ApplicationPort[];
  readonly upstreams: readonly UpstreamDeclaration[];
  /** Address at which other sidecars reach this one. Default 127.0.0.1: everything on one host. */
  readonly advertise: string;
  readonly region: string;
  readonly zone: string;
  /** Contents of the join token; null where the state directory holds an identity already. */
  readonly joinToken: string | null;
  /** Leaf, key and last good configuration; 0700. */
  readonly stateDirectory: string;
  /** Null: 15000 when it is free, otherwise any free port. */
  readonly adminPort: number | null;
  /** The HTTP proxy port. Null: 15001 when it is free, otherwise any free port. */
  readonly outboundPort: number | null;
  /** File to append the access log to, `-` for stdout, empty for none (the default). */
  readonly accessLog: string;
  readonly logLevel: LogLevel;
  /** `auto`: stream handles where they prove to work at start; `socket`: Node's public sockets only. Default `auto`. */
  readonly transport: 'auto' | 'socket';
  /**
   * Memory that the sidecar may take; close to it, it refuses new work (see `OverloadMonitor`). Null: the limit of its control
   * group, or the machine's memory.
   */
  readonly maxMemoryBytes: number | null;
  /** Processes that carry requests; 1, the default, is this one. At most 64. */
  readonly concurrency: number;
  /** Name servers for hosts outside the mesh, `192.0.2.53` or `192.0.2.53:5353`; none are those of the system. */
  readonly dnsServers: readonly string[];
  /**
   * Names of hosts outside the mesh may lead to this host's loopback addresses: for development, where all is on one host.
   * Default false, since whoever answers for a name could otherwise send requests to whatever listens here.
   */
  readonly dnsLoopback: boolean;
  /**
   * The only folder from which certificates and keys are read that documents name, for hosts outside the mesh that ask for
   * one; absolute. Empty, the default: none are read, since who may write a document must not choose what is read here.
   */
  readonly tlsFolder: string;
  /** How often counts go to the control plane. Default 5000. */
  readonly telemetryIntervalMs: number;
}

/** What must be known of a sidecar; the rest has defaults. */
export type ProxyOptions = Partial<Omit<ProxyConfig, 'ports'>> &
  Pick<ProxyConfig, 'service' | 'stateDirectory'> & {
    /** A bare number is a port of which nothing is declared. */
    readonly ports?: readonly (number | ApplicationPort)[];
  };

/**
 * Fills in the defaults. Throws `InvalidProxyConfigError` with every fault at once.
 */
export function proxyConfig(options: ProxyOptions): ProxyConfig {
  const version = options.version ?? '';
  const ports = (options.ports ?? []).map(
    (port): ApplicationPort => (typeof port === 'number' ? { port, protocol: 'auto' } : port),
  );
  const numbers = ports.map(({ port }) => port);
  const faults = [
    ...nameFaults('service', options.service),
    ...nameFaults('namespace', options.namespace ?? 'default'),
    ...[...numbers, ...(options.upstreams ?? []).map(({ localPort }) => localPort)].flatMap(portFaults),
    ...duplicates(numbers).map((port) => `port ${port} is given twice`),
    ...concurrencyFaults(options.concurrency ?? 1),
    ...(options.dnsServers ?? []).flatMap(serverFaults),
    ...folderFaults(options.tlsFolder ?? ''),
  ];
  if (faults.length > 0) throw new InvalidProxyConfigError(faults);
  const name = options.name ?? defaultWorkloadName(options.service, version, numbers);
  return Object.freeze({
    namespace: 'default',
    labels: {},
    upstreams: [],
    advertise: '127.0.0.1',
    region: '',
    zone: '',
    joinToken: null,
    adminPort: null,
    outboundPort: null,
    accessLog: '',
    logLevel: 'info',
    telemetryIntervalMs: 5000,
    transport: 'auto',
    concurrency: 1,
    dnsServers: [],
    dnsLoopback: false,
    tlsFolder: '',
    maxMemoryBytes: null,
    ...options,
    name,
    version,
    ports,
  });
}

/** A sidecar cannot be started like this; `faults` names everything that is wrong with it. */
export class InvalidProxyConfigError extends Error {
  override readonly name = 'InvalidProxyConfigError';
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(faults.join('; '));
    this.faults = faults;
  }
}

/**
 * A workload name that is the same after a restart and different for two instances of a service: service, version,
 * host and first port, as one RFC 1123 label.
 */
export function defaultWorkloadName(service: string, version: string, ports: readonly number[]): string {
  const host = hostname().split('.')[0] ?? '';
  return [service, version, host, String(ports[0] ?? '')]
    .map((part) =>
      part
        .toLowerCase()
        .replace(/[^a-z0-9-]+/g, '-')
        .replace(/^-+|-+$/g, ''),
    )
    .filter((part) => part !== '')
    .join('-')
    .slice(0, 63)
    .replace(/-+$/, '');
}

/** Where a workload keeps its state below the common state directory. */
export function sidecarStateDirectory(base: string, namespace: string, name: string): string {
  return join(base, 'sidecars', namespace, name);
}

function nameFaults(what: string, value: string): string[] {
  return isDnsLabel(value)
    ? []
    : [`${what} "${value}" is not a name: lower-case letters, digits and dashes, at most 63`];
}

function portFaults(port: number): string[] {
  return Number.isInteger(port) && port > 0 && port <= 65_535 ? [] : [`${port} is not a port`];
}

/** More processes than any machine that we know of has use for. */
const maxConcurrency = 64;

function concurrencyFaults(concurrency: number): string[] {
  const isValid = Number.isInteger(concurrency) && concurrency >= 1 && concurrency <= maxConcurrency;
  return isValid ? [] : [`concurrency is a number from 1 to ${maxConcurrency}, not ${concurrency}`];
}

function serverFaults(server: string): string[] {
  const host = /^(.+):\d+$/.exec(server)?.[1] ?? server;
  const isAddress = isIP(server) !== 0 || isIP(host.replace(/^\[|\]$/g, '')) !== 0;
  return isAddress ? [] : [`name server "${server}" is not an address such as 192.0.2.53 or 192.0.2.53:5353`];
}

function folderFaults(folder: string): string[] {
  return folder === '' || isAbsolute(folder) ? [] : [`the folder of certificates "${folder}" is not absolute`];
}

function duplicates(values: readonly number[]): number[] {
  return values.filter((value, index) => values.indexOf(value) !== index);
}

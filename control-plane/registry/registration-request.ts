import { BlockList, isIP } from 'node:net';
import type { JoinGrant } from '../../certs/grant.ts';
import type { Output } from '../../proto/load.ts';
import { workloadProtocols } from '../model/app-protocol.ts';
import type { RegisteredPort, RegisteredWorkload } from './registered-workload.ts';
import type { Registration } from './registry.ts';

/** Who sent a registration, from its certificate. */
export interface Registrant {
  readonly identity: string;
  /** `null` for a certificate without one, which may register nothing. */
  readonly grant: JoinGrant | null;
}

/** Every fault of a registration at once; `isDenied` when it is well formed and goes beyond the grant. */
export class RegistrationRefusedError extends Error {
  override readonly name = 'RegistrationRefusedError';
  readonly isDenied: boolean;

  constructor(faults: readonly string[], isDenied: boolean) {
    super(faults.join('; '));
    this.isDenied = isDenied;
  }
}

/** A grant allows any value for this label value, and any label at all under this label name. */
export const anyLabel = '*';

const maxPorts = 32;
const maxLabels = 64;
/** RFC 1123 label, as Kubernetes wants for namespaces and services. */
const namePattern = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
/** Kubernetes' DNS subdomain, as for pods. */
const longNamePattern = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;
const labelNamePattern = /^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;
const labelValuePattern = /^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$/;
const wordPattern = /^[\x21-\x7e]{0,255}$/;
/** Clocks of hosts differ; a generation further ahead would keep the name from every later process. */
const maxClockSkewMs = 5 * 60_000;

/**
 * What a sidecar asked to be registered as, checked: first whether it makes sense, then whether its certificate's grant
 * covers it. The identity is the certificate's, and label `app` is the service's name.
 *
 * @throws RegistrationRefusedError
 */
export function checkRegistration(
  request: Output<'heddle.v1.Register'>,
  registrant: Registrant,
  nowMs: number,
): Registration {
  const faults = faultsOf(request, nowMs);
  if (faults.length > 0) {
    throw new RegistrationRefusedError(faults, false);
  }
  const labels = { ...request.labels, app: request.labels.app ?? request.service };
  const denials = denialsOf({ ...request, labels }, registrant.grant);
  if (denials.length > 0) {
    throw new RegistrationRefusedError(denials, true);
  }
  const workload: RegisteredWorkload = Object.freeze({
    name: request.name,
    namespace: request.namespace,
    service: request.service,
    identity: registrant.identity,
    labels: Object.freeze(labels),
    address: request.address,
    ports: Object.freeze(request.ports.map(registeredPort)),
    adminAddress: request.admin_address,
    region: request.region,
    zone: request.zone,
    heddleVersion: request.version,
    registeredAtMs: nowMs,
  });
  return { workload, instanceId: request.instance_id, generation: Number(request.generation) };
}

function registeredPort(port: Output<'heddle.v1.Register'>['ports'][number]): RegisteredPort {
  return Object.freeze({
    port: port.port,
    inboundAddress: port.inbound_address,
    inboundPort: port.inbound_port,
    protocol: workloadProtocols.find((protocol) => protocol === port.app_protocol) ?? 'auto',
  });
}

function faultsOf(request: Output<'heddle.v1.Register'>, nowMs: number): string[] {
  const faults: string[] = [];
  const check = (isGood: boolean, fault: string): void => {
    if (!isGood) {
      faults.push(fault);
    }
  };
  const labels = Object.entries(request.labels);
  check(longNamePattern.test(request.name), `name: ${quoted(request.name)} is not a DNS subdomain`);
  check(namePattern.test(request.namespace), `namespace: ${quoted(request.namespace)} is not a DNS label`);
  check(namePattern.test(request.service), `service: ${quoted(request.service)} is not a DNS label`);
  check(isReachable(request.address), `address: ${quoted(request.address)} is not the IP address of a host`);
  check(
    isOwnAdmin(request.admin_address, request.address),
    `admin_address: ${quoted(request.admin_address)} is not a port of the workload's own host`,
  );
  check(/^[\x21-\x7e]{1,64}$/.test(request.instance_id), 'instance_id: not 1 to 64 printable characters');
  const generation = Number(request.generation);
  const isTime = Number.isSafeInteger(generation) && generation >= 0;
  check(isTime, 'generation: not a time in milliseconds');
  check(!isTime || generation <= nowMs + maxClockSkewMs, 'generation: in the future; check the clock of this host');
  check(wordPattern.test(request.version), 'version: not printable or longer than 255');
  check(wordPattern.test(request.region), 'region: not printable or longer than 255');
  check(wordPattern.test(request.zone), 'zone: not printable or longer than 255');
  check(labels.length <= maxLabels, `labels: ${labels.length}, at most ${maxLabels}`);
  for (const [name, value] of labels.slice(0, maxLabels)) {
    const isGood = labelNamePattern.test(name) && labelValuePattern.test(value);
    check(isGood, `labels: ${quoted(`${name}=${value}`)} is not a Kubernetes label`);
  }
  check(request.ports.length <= maxPorts, `ports: ${request.ports.length}, at most ${maxPorts}`);
  const seen = new Set<number>();
  for (const [index, port] of request.ports.slice(0, maxPorts).entries()) {
    const isKnown = port.app_protocol === '' || workloadProtocols.some((protocol) => protocol === port.app_protocol);
    check(isPort(port.port), `ports[${index}].port: ${port.port} is not a port number`);
    check(!seen.has(port.port), `ports[${index}].port: ${port.port} is there already`);
    check(isReachable(port.inbound_address), `ports[${index}].inbound_address: not the IP address of a host`);
    check(isPort(port.inbound_port), `ports[${index}].inbound_port: ${port.inbound_port} is not a port number`);
    check(
      isKnown,
      `ports[${index}].app_protocol: ${quoted(port.app_protocol)} is not one of ${workloadProtocols.join(', ')}`,
    );
    seen.add(port.port);
  }
  return faults;
}

function denialsOf(request: Output<'heddle.v1.Register'>, grant: JoinGrant | null): string[] {
  if (grant === null) {
    return ['the certificate has no grant, so it may register nothing: join with a token'];
  }
  const denials: string[] = [];
  if (request.namespace !== grant.namespace) {
    denials.push(`namespace ${request.namespace}: the join token was for namespace ${grant.namespace}`);
  }
  if (request.service !== grant.service && grant.anyService !== true) {
    denials.push(`service ${request.service}: the join token was for service ${grant.service}`);
  }
  for (const [name, value] of Object.entries(request.labels)) {
    const isAllowed =
      name === 'app'
        ? value === request.service
        : Object.hasOwn(grant.labels, anyLabel) || [value, anyLabel].includes(ownValue(grant.labels, name));
    if (!isAllowed) {
      denials.push(`label ${name}=${value}: the join token does not allow it`);
    }
  }
  return denials;
}

/** Labels come from outside: `constructor` must not find what every object has. */
function ownValue(labels: Readonly<Record<string, string>>, name: string): string {
  return Object.hasOwn(labels, name) ? (labels[name] ?? '') : `not ${anyLabel}`;
}

/**
 * An address that a host can have and others can dial. Link-local ones are left out: they mean another host at each
 * caller, and 169.254.169.254 is where clouds hand out credentials. Loopback is in: there are meshes on one host.
 */
function isReachable(address: string): boolean {
  const family = isIP(address);
  return family !== 0 && !address.includes('%') && !unreachable.check(address, family === 4 ? 'ipv4' : 'ipv6');
}

const unreachable = new BlockList();
unreachable.addSubnet('0.0.0.0', 8, 'ipv4');
unreachable.addSubnet('169.254.0.0', 16, 'ipv4');
unreachable.addSubnet('224.0.0.0', 3, 'ipv4'); // multicast, reserved, broadcast
unreachable.addAddress('::', 'ipv6');
unreachable.addSubnet('fe80::', 10, 'ipv6');
unreachable.addSubnet('ff00::', 8, 'ipv6');
unreachable.addAddress('fd00:ec2::254', 'ipv6');

/** Prometheus is sent there (`/sd/prometheus`), so it is a port of that host and nothing else. Empty for none. */
function isOwnAdmin(admin: string, address: string): boolean {
  if (admin === '') return true;
  const match = /^(?:\[([0-9A-Fa-f:.]{2,45})\]|([0-9.]{7,15})):([0-9]{1,5})$/.exec(admin);
  const host = match?.[1] ?? match?.[2] ?? '';
  const isOwn = host === address || host === '127.0.0.1' || host === '::1';
  return isIP(host) !== 0 && isOwn && isPort(Number(match?.[3]));
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= 65535;
}

/** Escaped and short: it is a stranger's text and goes into a log. */
function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 80));
}

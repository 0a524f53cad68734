import type { PortProtocol, WorkloadProtocol } from '../../model/app-protocol.ts';
import { isOpaquePort, namedProtocol, portNameProtocol } from '../../model/app-protocol.ts';
import type { ServiceMember } from '../view/instance.ts';
import { isInstance } from '../view/instance.ts';
import type { TargetPort } from './target-port.ts';
import { declaredPort } from './target-port.ts';

/** What a service port carries, and who says so. */
export interface PortDeclaration {
  readonly protocol: PortProtocol;
  readonly saidBy: 'appProtocol' | 'workloads' | 'port name' | 'well-known port' | 'nobody';
  /** What those that run say of the port behind it, in no order; those that say nothing are not among them. */
  readonly workloads: readonly WorkloadDeclaration[];
}

/** A port of a service for those who only want to know what it carries. */
export type PortSummary = Pick<PortDeclaration, 'protocol' | 'saidBy'> & { readonly port: number };

export interface WorkloadDeclaration {
  /** Unique within its namespace. */
  readonly workload: string;
  readonly port: number;
  readonly declared: WorkloadProtocol;
  readonly protocol: PortProtocol;
}

/** The part of a service port that its protocol follows from. */
export interface DeclaringPort {
  readonly port: number;
  readonly name: string;
  /** '' when it has none. */
  readonly appProtocol: string;
  readonly target: TargetPort;
}

/**
 * `appProtocol` of the Service counts before what its workloads declare, that before the port's name, and that before
 * the port being a well-known one. Where workloads disagree it is TCP if any says so, which carries everything, else
 * HTTP/1.1; that is reported on status and put right by an `appProtocol`.
 */
export function declarePort(port: DeclaringPort, members: readonly ServiceMember[]): PortDeclaration {
  let runs = false;
  const workloads: WorkloadDeclaration[] = [];
  for (const member of members) {
    if (!isInstance(member)) continue;
    const behind = declaredPort(member.ports, port.target);
    runs ||= behind !== undefined;
    if (behind === undefined || behind.protocol === 'auto') continue;
    const { port: number, protocol: declared } = behind;
    workloads.push({ workload: member.name, port: number, declared, protocol: kindOf(declared) });
  }
  const own = namedProtocol(port.appProtocol);
  if (own !== null) return { protocol: own, saidBy: 'appProtocol', workloads };
  // What ran until lately has a say only where nobody runs.
  const said = runs ? workloads.map(({ protocol }) => protocol) : saidBefore(port.target, members);
  const protocol = agreed(said);
  if (protocol !== null) return { protocol, saidBy: 'workloads', workloads };
  const named = portNameProtocol(port.name);
  if (named !== null) return { protocol: named, saidBy: 'port name', workloads };
  return isOpaque(port, members)
    ? { protocol: 'tcp', saidBy: 'well-known port', workloads }
    : { protocol: 'auto', saidBy: 'nobody', workloads };
}

function kindOf(declared: WorkloadProtocol): Exclude<PortProtocol, 'auto'> {
  return declared === 'grpc' ? 'http2' : declared;
}

function agreed(protocols: readonly PortProtocol[]): PortProtocol | null {
  const [first, ...others] = new Set(protocols);
  if (first === undefined || others.length === 0) return first ?? null;
  return protocols.includes('tcp') ? 'tcp' : 'http';
}

function saidBefore(target: TargetPort, members: readonly ServiceMember[]): readonly PortProtocol[] {
  return members.flatMap(({ ports }) => {
    const said = declaredPort(ports, target)?.protocol ?? 'auto';
    return said === 'auto' ? [] : [kindOf(said)];
  });
}

/** Either number will do: callers know the one, applications listen on the other. */
function isOpaque({ port, target }: DeclaringPort, members: readonly ServiceMember[]): boolean {
  if (isOpaquePort(port) || (target.by === 'number' && isOpaquePort(target.port))) return true;
  return members.some(({ ports }) => {
    const behind = declaredPort(ports, target);
    return behind !== undefined && isOpaquePort(behind.port);
  });
}

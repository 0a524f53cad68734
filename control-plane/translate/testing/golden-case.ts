import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { DocumentOf, KindName, ModelDocument } from '../../model/kinds.ts';
import { kinds } from '../../model/kinds.ts';
import type { RegisteredProtocol, RegisteredWorkload, RememberedService } from '../../registry/registered-workload.ts';
import type { Documents, MeshView } from '../view/mesh-view.ts';

const trustBundlePem = readFileSync(join(import.meta.dirname, '../testdata/root.pem'), 'utf8');

export type PortInShort = number | `${number}/${RegisteredProtocol}`;

/** A registered workload in short: what is left out follows from its name and place in the list. */
export interface WorkloadInShort {
  readonly name: string;
  readonly namespace?: string;
  readonly service: string;
  readonly version?: string;
  readonly serviceAccount?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly address?: string;
  /** Application ports, `6379/tcp` where a protocol is declared; their inbound ports are 20000 + position. */
  readonly ports: readonly PortInShort[];
  readonly region?: string;
  readonly zone?: string;
}

/** A service, or a version of one, that ran until lately. */
export interface RememberedInShort {
  readonly namespace?: string;
  readonly service: string;
  readonly version?: string;
  readonly serviceAccount?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly ports: readonly PortInShort[];
}

/** The first YAML document of an `.in.yaml` file; the others are documents of the mesh. */
export interface GoldenCase {
  /** What the case shows, as a sentence. */
  readonly shows: string;
  readonly workloads?: readonly WorkloadInShort[];
  readonly remembered?: readonly RememberedInShort[];
  /** What the clients' builds can do; everything when left out. */
  readonly features?: readonly string[];
  /** The clients are Envoys and no sidecars of ours; an Envoy says what it takes in stock-envoy.test.ts. */
  readonly stock?: boolean;
  /** `namespace/name` of each client, with the resources that it asks for: `RDS cart.default.svc.cluster.local:80`. */
  readonly clients: Readonly<Record<string, readonly string[]>>;
}

export function readGoldenCase(text: string): { readonly input: GoldenCase; readonly view: MeshView } {
  const [first, ...rest] = parseAllDocuments(text).map((document) => document.toJS() as unknown);
  const input = first as GoldenCase;
  const documents = rest.map((document) => parseDocument(document as { kind: KindName }));
  const remembered = (input.remembered ?? []).map(rememberedService);
  return { input, view: viewOf(documents, (input.workloads ?? []).map(registeredWorkload), remembered) };
}

export function parseDocument(document: { readonly kind: KindName }): ModelDocument {
  return kinds[document.kind].schema.parse(document);
}

export function viewOf(
  documents: readonly ModelDocument[],
  workloads: readonly RegisteredWorkload[],
  remembered: readonly RememberedService[] = [],
): MeshView {
  const ofKind = <Kind extends KindName>(kind: Kind) =>
    documents.filter((document): document is DocumentOf<Kind> => document.kind === kind);
  const byKind: Documents = {
    Service: ofKind('Service'),
    Workload: ofKind('Workload'),
    ExternalService: ofKind('ExternalService'),
    HTTPRoute: ofKind('HTTPRoute'),
    GRPCRoute: ofKind('GRPCRoute'),
    TCPRoute: ofKind('TCPRoute'),
    HTTPRouteFilter: ofKind('HTTPRouteFilter'),
    ReferenceGrant: ofKind('ReferenceGrant'),
    BackendTrafficPolicy: ofKind('BackendTrafficPolicy'),
    FaultInjection: ofKind('FaultInjection'),
    Mesh: ofKind('Mesh'),
  };
  return {
    revision: 1,
    documents: byKind,
    workloads,
    remembered,
    trustDomain: 'cluster.local',
    trustBundlePem,
    nowMs: Date.UTC(2026, 0, 1),
  };
}

export function registeredWorkload(short: WorkloadInShort, position: number): RegisteredWorkload {
  const { name, address = `10.0.0.${position + 1}` } = short;
  return {
    name,
    ...whatItIs(short),
    address,
    ports: short.ports.map((port, index) => ({
      ...portOf(port),
      inboundAddress: address,
      inboundPort: 20_000 + index,
    })),
    adminAddress: '',
    region: short.region ?? '',
    zone: short.zone ?? '',
    heddleVersion: '0.1.0',
    registeredAtMs: 0,
  };
}

export function rememberedService(short: RememberedInShort): RememberedService {
  const ports = short.ports.map(portOf);
  return {
    ...whatItIs(short),
    ports: ports.map(({ port }) => port),
    protocols: ports.map(({ protocol }) => protocol),
    lastSeenMs: 0,
  };
}

function portOf(short: PortInShort): { readonly port: number; readonly protocol: RegisteredProtocol } {
  const [port, protocol = 'auto'] = String(short).split('/');
  return { port: Number(port), protocol: protocol as RegisteredProtocol };
}

function whatItIs({ namespace = 'default', service, version, serviceAccount, labels }: RememberedInShort) {
  return {
    namespace,
    service,
    identity: `spiffe://cluster.local/ns/${namespace}/sa/${serviceAccount ?? service}`,
    labels: { app: service, ...(version !== undefined && { version }), ...labels },
  };
}

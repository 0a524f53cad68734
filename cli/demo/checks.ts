import type { LoadCounts } from './load-generator.ts';

/** One claim about the mesh that was looked at. */
export interface Check {
  readonly passed: boolean;
  /** A sentence with the numbers, true or not. */
  readonly sentence: string;
}

/** What `heddle edges` says of one pair of services. */
export interface ObservedEdge {
  readonly source: { readonly service: string };
  readonly destination: { readonly service: string };
  readonly requests: number;
  /** Share of the requests that came over mutual TLS, 0 to 1. */
  readonly mutualTlsShare: number | null;
  /** SPIFFE ids seen on the source's and on the destination's side. */
  readonly clientIds: readonly string[];
  readonly serverIds: readonly string[];
  /** Both ends agree on all of that. */
  readonly isSecured: boolean;
  readonly reason: string | null;
}

/** Everything that was measured during one run of the demo. */
export interface Observations {
  readonly minimumCalls: number;
  /** From the first call to the last. */
  readonly load: LoadCounts;
  /** Only from when the 90/10 split was in force. */
  readonly cartVersionsDuringSplit: Readonly<Record<string, number>>;
  readonly edges: readonly ObservedEdge[];
  /** The SPIFFE id that each service's sidecars hold a certificate for. */
  readonly identities: Readonly<Record<string, string>>;
  /** The instance that refuses connections since the split is in force, and how many calls it has answered since. */
  readonly refusing: { readonly name: string; readonly answered: number };
  /** Sums over the sidecars of those who call it. */
  readonly retries: number;
  readonly ejections: number;
  /** Requests of web and of each version of cart: `web`, `cart v1`, `cart v2`. */
  readonly statRequests: Readonly<Record<string, number>>;
  readonly prometheusRequests: Readonly<Record<string, number>>;
}

const expectedEdges = [
  ['load', 'web'],
  ['web', 'cart'],
  ['web', 'recommend'],
  ['cart', 'db'],
] as const;

/** Percent that version 1 of cart is to get, and by how many points it may differ. */
const expectedShare = 90;
const tolerance = 3;

/** What `heddle demo --once` promises, each claim with what was measured. */
export function checkMesh(seen: Observations): Check[] {
  const { load } = seen;
  return [
    {
      passed: load.calls >= seen.minimumCalls && load.failed === 0,
      sentence: `${load.calls} calls, ${load.failed} failed${load.failures[0] ? `: ${load.failures[0]}` : ''}`,
    },
    ...expectedEdges.map(([source, destination]) => checkEdge(source, destination, seen)),
    checkNoOtherEdge(seen.edges),
    checkSplit(seen.cartVersionsDuringSplit),
    checkRefusing(seen),
    checkAgreement('heddle stat', seen.statRequests, load),
    checkAgreement('Prometheus', seen.prometheusRequests, load),
  ];
}

/** Each call of the load generator is one call on every edge; a call that was tried twice counts twice. */
function checkEdge(source: string, destination: string, { edges, identities, load }: Observations): Check {
  const edge = edges.find(
    (candidate) => candidate.source.service === source && candidate.destination.service === destination,
  );
  const name = `${source} → ${destination}`;
  if (!edge || edge.requests === 0) return { passed: false, sentence: `${name}: no call was seen` };
  const { requests, mutualTlsShare, clientIds, serverIds, isSecured, reason } = edge;
  return {
    passed:
      requests >= load.calls &&
      isSecured &&
      mutualTlsShare === 1 &&
      isOnly(clientIds, identities[source]) &&
      isOnly(serverIds, identities[destination]),
    sentence:
      `${name}: ${requests} calls, ${percent(mutualTlsShare ?? 0)} over mTLS, ` +
      `${clientIds.join(' and ') || 'nobody'} to ${serverIds.join(' and ') || 'nobody'}${reason === null ? '' : ` (${reason})`}`,
  };
}

function isOnly(ids: readonly string[], expected: string | undefined): boolean {
  return expected !== undefined && ids.length === 1 && ids[0] === expected;
}

function checkNoOtherEdge(edges: readonly ObservedEdge[]): Check {
  const others = edges
    .filter(
      (edge) =>
        !expectedEdges.some(([source, to]) => source === edge.source.service && to === edge.destination.service),
    )
    .map(({ source, destination }) => `${source.service || 'unknown'} → ${destination.service || 'unknown'}`);
  return {
    passed: others.length === 0,
    sentence: others.length === 0 ? 'nobody else called anybody' : `unexpected calls: ${others.join(', ')}`,
  };
}

function checkSplit(versions: Readonly<Record<string, number>>): Check {
  const { v1 = 0, v2 = 0 } = versions;
  const share = (100 * v1) / Math.max(1, v1 + v2);
  return {
    passed: Math.abs(share - expectedShare) <= tolerance && Object.keys(versions).every((name) => /^v[12]$/.test(name)),
    sentence: `cart v1 answered ${share.toFixed(1)} % of ${v1 + v2} calls; asked for were ${expectedShare} ± ${tolerance} %`,
  };
}

function checkRefusing({ refusing, retries, ejections, load }: Observations): Check {
  const { name, answered } = refusing;
  return {
    passed: answered === 0 && retries > 0 && ejections > 0 && load.failed === 0,
    sentence:
      `${name} refuses connections: hidden by ${retries} retries, ejected ${ejections} times` +
      (answered === 0 ? '' : `, and yet it answered ${answered} calls`),
  };
}

function checkAgreement(who: string, counted: Readonly<Record<string, number>>, load: LoadCounts): Check {
  const expected: Record<string, number> = { web: load.calls };
  for (const [version, calls] of Object.entries(load.byCartVersion)) expected[`cart ${version}`] = calls;
  const differences = Object.entries(expected).filter(([service, calls]) => counted[service] !== calls);
  return {
    passed: differences.length === 0,
    sentence:
      differences.length === 0
        ? `${who} agrees with the load generator: ${listed(expected)}`
        : `${who} counted ${differences.map(([service, calls]) => `${service} ${counted[service] ?? 0} instead of ${calls}`).join(', ')}`,
  };
}

function listed(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .sort(([a], [b]) => b.localeCompare(a))
    .map(([service, calls]) => `${service} ${calls}`)
    .join(', ');
}

function percent(share: number): string {
  return `${(Math.floor(share * 1000) / 10).toFixed(share === 1 ? 0 : 1)} %`;
}

import type { Output } from '../../proto/load.ts';
import { parseClusterName, parseServiceHost } from '../../proto/names.ts';
import type { ServiceCircuit } from './telemetry-source.ts';

type State = Output<'heddle.v1.TrafficState'>;
type ClusterState = State['clusters'][number];

/** What one sidecar last said. */
interface Word {
  readonly clusters: readonly ClusterState[];
  readonly atMs: number;
  /** Not repeated by then, it is not true any more. */
  readonly staleAtMs: number;
}

/** Sidecars that may have something to say at the same time; the one that spoke first makes room. */
const maxSidecars = 10_000;
const maxClusters = 100;
/** A sidecar repeats itself every 5 s unless it is set otherwise. */
const shortestLifeMs = 20_000;
const longestLifeMs = 600_000;

/** Which destinations callers find not simply well, now. */
export class Circuits {
  readonly #words = new Map<string, Word>();

  /** `sidecar`: one run of one sidecar. */
  hear(sidecar: string, { clusters }: State, nowMs: number): void {
    const before = this.#words.get(sidecar);
    this.#words.delete(sidecar);
    if (clusters.length === 0) return;
    const lifeMs = before === undefined ? shortestLifeMs : 3 * (nowMs - before.atMs);
    const staleAtMs = nowMs + Math.min(longestLifeMs, Math.max(shortestLifeMs, lifeMs));
    this.#words.set(sidecar, { clusters: clusters.slice(0, maxClusters), atMs: nowMs, staleAtMs });
    if (this.#words.size > maxSidecars) this.#forgetOldest();
  }

  /** Of a service, or of one version of it; null where nobody says anything. */
  of(namespace: string, service: string, version: string | null, nowMs: number): ServiceCircuit | null {
    const states: ClusterState[] = [];
    for (const { clusters, staleAtMs } of this.#words.values()) {
      if (nowMs > staleAtMs) continue;
      for (const state of clusters) if (isAbout(state, namespace, service, version)) states.push(state);
    }
    return states.length === 0 ? null : together(states);
  }

  #forgetOldest(): void {
    const [oldest] = this.#words.keys();
    if (oldest !== undefined) this.#words.delete(oldest);
  }
}

function isAbout(state: ClusterState, namespace: string, service: string, version: string | null): boolean {
  const target = parseClusterName(state.cluster_name);
  if (target?.direction !== 'outbound') return false;
  const host = parseServiceHost(target.host);
  if (host === null || host.name !== service || host.namespace !== namespace) return false;
  return version === null || target.subset === '' || target.subset === version;
}

/** As ill as the caller finds it that finds it worst. */
function together(states: readonly ClusterState[]): ServiceCircuit {
  const most = (number: (state: ClusterState) => number) => Math.max(...states.map(number));
  const endpoints = most((state) => state.endpoints);
  const ejected = most((state) => state.ejected);
  const failedChecks = most((state) => state.failed_checks);
  const reasons = new Set(states.filter(({ open_limit }) => open_limit !== '').map(limitText));
  const isOpen = reasons.size > 0 || states.some((state) => nobodyIsWell(state) && !state.panic);
  if (ejected > 0) reasons.add(`${ejected}/${endpoints} ejected`);
  if (failedChecks > 0) reasons.add(`${failedChecks}/${endpoints} fail their checks`);
  if (states.some(({ panic }) => panic)) reasons.add('panic');
  return { state: isOpen ? 'open' : 'half', reasons: [...reasons].slice(0, 4) };
}

function nobodyIsWell({ endpoints, ejected, failed_checks: failedChecks }: ClusterState): boolean {
  return endpoints > 0 && Math.max(ejected, failedChecks) >= endpoints;
}

const limitNouns: Readonly<Record<string, string>> = {
  connections: 'connections',
  pending: 'requests waiting',
  requests: 'requests',
};

function limitText({ open_limit: word, limit }: ClusterState): string {
  return `${Number(limit)}/${Number(limit)} ${limitNouns[word] ?? 'at a limit'}`;
}

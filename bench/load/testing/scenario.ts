import { wrk } from '../loads/wrk.ts';
import type { Peer, RunningPeer } from '../peer.ts';
import type { Scenario } from '../scenario.ts';

/** One that is only looked at by its name. */
export function peerNamed(name: string): Peer {
  return {
    name,
    remark: null,
    warmsUp: false,
    missing: () => null,
    start: () => Promise.reject(new Error('only its name is looked at')),
  };
}

/** A scenario like http1-plain, with what is said otherwise. */
export function scenarioOf(name: string, peers: readonly Peer[], others: Partial<Scenario> = {}): Scenario {
  return {
    name,
    summary: 'load → proxy',
    figures: ['cpuUsPerRequest', 'requestsPerSecond', 'p50Ms', 'p99Ms', 'rssMb'],
    target: { timesHaproxy: 1.15, timesEnvoy: 1 },
    protocol: 'http1',
    upstreamAddresses: 2,
    callPath: null,
    load: wrk({ path: '/', bodyBytes: 1024, connections: 8 }),
    warmUp: null,
    settles: true,
    isPinned: true,
    comparesToFirst: false,
    isOnRequest: false,
    peers,
    ...others,
  };
}

/** A peer in plaintext that nothing more is known of. */
export function runningAt(port: number, hops: readonly number[] = []): RunningPeer {
  return { port, clientTls: null, hops, meshPort: null, collectSignal: null };
}

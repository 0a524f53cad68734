import type { Peer } from './peer.ts';
import { direct } from './peers/direct.ts';
import { haproxyMtls, haproxyPlain } from './peers/haproxy.ts';
import { heddleMtls, heddlePlain } from './peers/heddle.ts';
import { httpProxyPlain } from './peers/http-proxy.ts';
import { nginxMtls, nginxPlain } from './peers/nginx.ts';

/** One question, and everybody to whom it is put. */
export interface Scenario {
  readonly name: string;
  readonly summary: string;
  readonly peers: readonly Peer[];
}

export const scenarios: readonly Scenario[] = [
  {
    name: 'http1-plain',
    summary: 'load → proxy → upstream, HTTP/1.1 in plaintext',
    peers: [direct, heddlePlain, haproxyPlain, nginxPlain, httpProxyPlain],
  },
  {
    name: 'http1-mtls',
    summary: 'load → outbound proxy → (mutual TLS 1.3, P-256) → inbound proxy → upstream; CPU is the mean of the two',
    peers: [heddleMtls, haproxyMtls, nginxMtls],
  },
];

/**
 * The scenarios, and in them the proxies, that these names leave: a scenario's name keeps it, a proxy's name keeps that
 * proxy wherever it occurs. Names of one sort alone do not narrow the other. A scenario without a proxy left is none.
 *
 * @throws RangeError naming what there is when a name is neither
 */
export function selectScenarios(all: readonly Scenario[], names: readonly string[]): Scenario[] {
  const scenarioNames = new Set(all.map((scenario) => scenario.name));
  const proxyNames = new Set(all.flatMap((scenario) => scenario.peers.map((peer) => peer.name)));
  for (const name of names) {
    if (scenarioNames.has(name) || proxyNames.has(name)) continue;
    throw new RangeError(`${name} is none of ${[...scenarioNames, ...proxyNames].join(', ')}`);
  }
  const keepsAllScenarios = !names.some((name) => scenarioNames.has(name));
  const keepsAllProxies = !names.some((name) => proxyNames.has(name));
  return all
    .filter((scenario) => keepsAllScenarios || names.includes(scenario.name))
    .map((scenario) => ({
      ...scenario,
      peers: scenario.peers.filter((peer) => keepsAllProxies || names.includes(peer.name)),
    }))
    .filter((scenario) => scenario.peers.length > 0);
}

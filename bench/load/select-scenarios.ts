import type { Peer } from './peer.ts';
import type { Scenario } from './scenario.ts';

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
  const keeps = (peer: Peer) => keepsAllProxies || names.includes(peer.name);
  return all
    .filter((scenario) => keepsAllScenarios || names.includes(scenario.name))
    .map((scenario) => ({ ...scenario, peers: scenario.peers.filter(keeps) }))
    .filter((scenario) => scenario.peers.length > 0);
}

import { Buffer } from 'node:buffer';
import { messageType } from '../../proto/load.ts';
import * as resources from '../../proto/testing/resources.ts';
import type { Choices } from '../../proto/testing/spoiled-message.ts';
import { spoiledMessage } from '../../proto/testing/spoiled-message.ts';
import type { ResourceTypeUrl } from '../../proto/type-urls.ts';
import { messageNameOf, RESOURCE_TYPE_URLS } from '../../proto/type-urls.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { defaultClusterConfig } from '../cluster/cluster-config.ts';
import { RequestHead } from '../message-head.ts';
import { RouteTable } from '../route/route-table.ts';
import type { FuzzTarget } from '../testing/fuzz/fuzz-target.ts';
import { withoutRequests } from './compile-filters.ts';
import { LiveClusters } from './live-clusters.ts';
import { LiveObjects } from './live-objects.ts';
import type { ParsedResource } from './parse-resource.ts';
import { parseResource } from './parse-resource.ts';

/** What the control plane sends, by type URL and name. */
const good: readonly { typeUrl: ResourceTypeUrl; name: string; bytes: Buffer }[] = [
  resource(0, 'envoy.config.cluster.v3.Cluster', resources.goodCluster()),
  resource(1, 'envoy.config.endpoint.v3.ClusterLoadAssignment', resources.goodClusterLoadAssignment()),
  resource(2, 'envoy.config.listener.v3.Listener', resources.goodListener()),
  resource(2, 'envoy.config.listener.v3.Listener', resources.goodDetectingListener()),
  resource(3, 'envoy.config.route.v3.RouteConfiguration', resources.goodRouteConfiguration()),
  resource(4, 'envoy.extensions.transport_sockets.tls.v3.Secret', resources.goodSecret()),
];

function resource(type: number, messageName: string, message: object) {
  const { name = '', cluster_name: clusterName = name } = message as { name?: string; cluster_name?: string };
  // the caller says the type of its message; the codec is looked up by this very name
  const bytes = messageType(messageName as 'envoy.config.cluster.v3.Cluster').encode(message);
  return { typeUrl: RESOURCE_TYPE_URLS[type] as ResourceTypeUrl, name: clusterName, bytes };
}

/** What a broken control plane sends is refused with a reason or serves: nothing throws, and nothing takes long. */
export const resourceTarget: FuzzTarget = {
  name: 'xds-resource',
  seeds: good.map((_, index) => String.fromCharCode(index, 1, 2, 3, 4, 5, 6, 7, 8)),
  run(input) {
    const choices = new BytesAsChoices(input);
    const { typeUrl, name, bytes } = good[choices.below(good.length)] as (typeof good)[number];
    const isRaw = choices.below(8) === 0;
    const spoiled = isRaw
      ? Buffer.concat([bytes.subarray(0, choices.below(bytes.length)), choices.rest()])
      : spoiledMessage(bytes, messageNameOf(typeUrl) ?? '', choices);
    const parsed = parseResource({ typeUrl, name, version: '1', bytes: spoiled }, 'cluster.local', 0);
    checkPrototypes();
    if (typeof parsed !== 'string') return `${typeUrl.slice(-8)} ${serve(parsed)}`;
    if (parsed === '' || parsed.length > 200_000) throw new Error(`a reason of ${parsed.length} characters`);
    return `${typeUrl.slice(-8)} ${parsed.replaceAll(/\[\d+\]|\d+|".*"/g, '').slice(0, 60)}`;
  },
};

/** Puts it in force and asks it for something. */
function serve(parsed: ParsedResource): string {
  const { meaning, name } = parsed;
  const clusters = new LiveClusters({
    dial() {},
    coarseNow: () => 0,
    now: () => 0,
    random: () => 0.5,
    onEjection() {},
    healthChecks: null,
  });
  const live = new LiveObjects({
    clusters,
    want() {},
    release() {},
    isConnected: () => true,
    putListener() {},
    removeListener() {},
    clock: { now: () => 0, after: () => () => {} },
    filters: {
      ...withoutRequests,
      buckets: new Map(),
      bandwidths: new Map(),
      controllers: new Map(),
      windows: new Map(),
      activities: new Map(),
    },
    rateLimitServiceAt: () => ({ ask: () => () => {} }),
  });
  if (meaning.kind === 'endpoints') clusters.put({ ...defaultClusterConfig(name), discovery: 'eds', edsName: name });
  void live.routes.resolve(name);
  live.put(parsed);
  const table = live.routes.resolve(name);
  if (table instanceof RouteTable) for (const head of heads) route(table, head);
  for (const cluster of clusters.all()) cluster.pick(null, null);
  clusters.close();
  return meaning.kind;
}

function route(table: RouteTable<Cluster>, head: RequestHead): void {
  const action = table.match(head)?.action;
  if (action?.kind === 'redirect') action.redirect.location(head);
  if (action?.kind !== 'forward') return;
  action.pick();
  const path = action.pathRewrite?.apply(head.path) ?? head.path;
  if (typeof path === 'string' && !/^\/[!-"$-~]*$/.test(path)) throw new Error(`${JSON.stringify(path)} is no path`);
}

const heads = ['/cart/1?beta=1', '/v1/v2?a', '/old', '/'].map((path) => {
  const head = new RequestHead();
  return Object.assign(head, { method: 'GET', path, authority: 'cart', block: 'host: cart\r\nx-user: a\r\n' });
});

/** Names such as `__proto__` must stay names. */
function checkPrototypes(): void {
  for (const key in {}) throw new Error(`every object has ${key} now`);
  if (Object.getPrototypeOf(Object.prototype) !== null) throw new Error('another prototype');
}

/** The input decides; what is missing counts as 0. */
class BytesAsChoices implements Choices {
  readonly #input: Uint8Array;
  #at = 0;

  constructor(input: Uint8Array) {
    this.#input = input;
  }

  get isOver(): boolean {
    return this.#at >= this.#input.length;
  }

  below(bound: number): number {
    const first = this.#input[this.#at++] ?? 0;
    if (bound <= 256) return bound === 0 ? 0 : first % bound;
    return (first * 256 + (this.#input[this.#at++] ?? 0)) % bound;
  }

  rest(): Uint8Array {
    return this.#input.subarray(this.#at);
  }
}

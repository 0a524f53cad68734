import { textOf } from '../../proto/format-text.ts';
import type { HeaderValueOption__Output } from '../../proto/generated/envoy/config/core/v3/HeaderValueOption.ts';
import type {
  _envoy_config_route_v3_RouteAction_RequestMirrorPolicy__Output as MirrorPolicy,
  RouteAction__Output,
} from '../../proto/generated/envoy/config/route/v3/RouteAction.ts';
import type { _envoy_config_route_v3_WeightedCluster_ClusterWeight__Output as ClusterWeight } from '../../proto/generated/envoy/config/route/v3/WeightedCluster.ts';
import { isDrawn } from '../filter/fraction.ts';
import { HeaderMutation } from '../filter/header-mutation.ts';
import { withHost } from '../filter/host-header.ts';
import type { RequestPathRewrite } from '../route/path-rewrite.ts';
import type { EditedDestination, ForwardAction, HeaderEdit, Mirror } from '../route/route.ts';
import type { WeightedDestination } from '../route/weighted-choice.ts';
import { weightedChoice } from '../route/weighted-choice.ts';
import { compileFraction } from './compile-fraction.ts';
import type { CompiledSession } from './compile-session.ts';

/** What makes a destination of a cluster's name. */
export type DestinationOf<D> = (clusterName: string) => D;

/** Header changes, of a route or of one of its destinations. */
export interface CompiledChanges {
  readonly requestHeaders: HeaderEdit | null;
  readonly responseHeaders: HeaderEdit | null;
}

/** What the changes of a destination are put together with. */
export interface ChangesOfRoute extends CompiledChanges {
  /** Those of the destination come last (`most_specific_header_mutations_wins`), else those of the route. */
  readonly mostSpecificWins: boolean;
  readonly pathRewrite: RequestPathRewrite | null;
  /** Of the destinations, by their positions; null, or too short, where they have none of their own. */
  readonly pathsOfDestinations: readonly (RequestPathRewrite | null)[];
}

/** Where a route's requests and their copies go. */
export function compileDestinations<D>(
  action: RouteAction__Output,
  ofRoute: ChangesOfRoute,
  destinationOf: DestinationOf<D>,
  random: () => number,
  session: CompiledSession | null,
): Pick<ForwardAction<D>, 'pick' | 'pickEdited' | 'mirrors' | 'session'> {
  const weighted = action.weighted_clusters?.clusters ?? [];
  const choices =
    weighted.length === 0
      ? [{ destination: destinationOf(action.cluster ?? ''), weight: 1 }]
      : weighted.map(({ name, weight }) => ({ destination: destinationOf(name), weight: weight?.value ?? 0 }));
  const pick = weightedChoice(choices, random);
  const sessionDestinations = () =>
    (weighted.length === 0
      ? choices.map((choice) => withChanges(choice, ofRoute))
      : edited(weighted, ofRoute, destinationOf)
    )
      .filter(({ weight }) => weight > 0)
      .map(({ destination }) => destination);
  const mirrors = action.request_mirror_policies.map((policy) => compileMirror(policy, destinationOf, random));
  return {
    pick,
    pickEdited: weighted.some((cluster, index) => hasChanges(cluster) || ofRoute.pathsOfDestinations[index])
      ? weightedChoice(edited(weighted, ofRoute, destinationOf), random)
      : null,
    session: session === null ? null : { ...session, destinations: sessionDestinations() },
    mirrors: mirrors.length === 0 ? null : mirrors,
  };
}

function withChanges<D>(
  { destination, weight }: WeightedDestination<D>,
  { requestHeaders, responseHeaders, pathRewrite }: ChangesOfRoute,
): WeightedDestination<EditedDestination<D>> {
  return { destination: { destination, requestHeaders, responseHeaders, pathRewrite }, weight };
}

function edited<D>(
  weighted: readonly ClusterWeight[],
  ofRoute: ChangesOfRoute,
  destinationOf: DestinationOf<D>,
): readonly WeightedDestination<EditedDestination<D>>[] {
  return weighted.map((cluster, index) => {
    const own = compileChanges(cluster);
    const host = cluster.host_rewrite_literal;
    const both = (route: HeaderEdit | null, cluster: HeaderEdit | null) =>
      ofRoute.mostSpecificWins ? chained(route, cluster) : chained(cluster, route);
    const requestHeaders = both(ofRoute.requestHeaders, own.requestHeaders);
    const destination: EditedDestination<D> = {
      destination: destinationOf(cluster.name),
      requestHeaders: host === undefined ? requestHeaders : chained(hostEdit(host), requestHeaders),
      responseHeaders: both(ofRoute.responseHeaders, own.responseHeaders),
      pathRewrite: ofRoute.pathsOfDestinations[index] ?? ofRoute.pathRewrite,
    };
    return { destination, weight: cluster.weight?.value ?? 0 };
  });
}

function hasChanges(cluster: ClusterWeight): boolean {
  const { requestHeaders, responseHeaders } = compileChanges(cluster);
  return requestHeaders !== null || responseHeaders !== null || cluster.host_rewrite_literal !== undefined;
}

function compileMirror<D>(policy: MirrorPolicy, destinationOf: DestinationOf<D>, random: () => number): Mirror<D> {
  const { default_value: value = null } = policy.runtime_fraction ?? {};
  const share = value === null ? null : compileFraction(value);
  return {
    destination: destinationOf(policy.cluster),
    isDrawn: share === null ? null : () => isDrawn(share, random),
    hasHostSuffix: !policy.disable_shadow_host_suffix_append,
  };
}

interface HeaderOptions {
  readonly request_headers_to_add: readonly HeaderValueOption__Output[];
  readonly request_headers_to_remove: readonly string[];
  readonly response_headers_to_add: readonly HeaderValueOption__Output[];
  readonly response_headers_to_remove: readonly string[];
}

export function compileChanges(of: HeaderOptions): CompiledChanges {
  return {
    requestHeaders: mutationOf(of.request_headers_to_add, of.request_headers_to_remove),
    responseHeaders: mutationOf(of.response_headers_to_add, of.response_headers_to_remove),
  };
}

function mutationOf(options: readonly HeaderValueOption__Output[], removed: readonly string[]): HeaderMutation | null {
  const pairs = (action: HeaderValueOption__Output['append_action']) =>
    options.flatMap(({ append_action, header }) =>
      append_action === action && header !== null ? [[header.key, literal(header.value)] as const] : [],
    );
  return HeaderMutation.from({
    set: pairs('OVERWRITE_IF_EXISTS_OR_ADD'),
    add: pairs('APPEND_IF_EXISTS_OR_ADD'),
    remove: removed,
  });
}

/** The text that a format stands for; validation has let none pass that stands for something else. */
export function literal(format: string): string {
  const text = textOf(format);
  if (text === null) throw new Error(`holds a command: ${JSON.stringify(format.slice(0, 100))}`);
  return text;
}

function chained(first: HeaderEdit | null, second: HeaderEdit | null): HeaderEdit | null {
  if (first === null || second === null) return first ?? second;
  return { apply: (block) => second.apply(first.apply(block)) };
}

function hostEdit(host: string): HeaderEdit {
  return { apply: (block) => withHost(block, host) };
}

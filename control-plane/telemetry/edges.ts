import { PASSTHROUGH_CLUSTER } from '../../proto/names.ts';
import type { Window } from './aggregator.ts';
import type { DestinationOf } from './destination-of.ts';
import type { Counts, SeriesLabels } from './reported-series.ts';
import { isAnsweredByCaller, isUnreached } from './reported-series.ts';
import { Tally } from './tally.ts';
import type { CountedBy, Edge, EdgeEnd } from './telemetry-source.ts';

/** What the sidecars at one end of an edge say. */
class Witness {
  readonly all = new Tally();
  /** Without those of which nobody at the other end has ever heard. */
  readonly reached = new Tally();
  /** Of those: which it could bring to nobody. */
  unreachedCount = 0;
  readonly clientIds = new Set<string>();
  readonly serverIds = new Set<string>();

  add(labels: SeriesLabels, counts: Counts): void {
    this.all.add(labels, counts);
    if (isUnreached(labels)) this.unreachedCount += counts.count + (counts.connections?.opened ?? 0);
    if (isAnsweredByCaller(labels)) return;
    this.reached.add(labels, counts);
    if (!labels.isMutualTls) return;
    if (labels.source.principal !== '') this.clientIds.add(labels.source.principal);
    if (labels.destination.principal !== '') this.serverIds.add(labels.destination.principal);
  }
}

/** Both ends of an edge, and what was said at each. */
interface Pair {
  readonly caller: EdgeEnd;
  readonly callee: EdgeEnd;
  readonly host: string;
  readonly source: Witness;
  readonly destination: Witness;
}

/**
 * Who calls whom: what callers and callees report, put side by side. Requests and connections count where they arrive, as in
 * stat.ts, and by the caller where nobody reports that they did.
 */
export function meshEdges(window: Window, destinationOf: DestinationOf): Edge[] {
  const pairs = new Map<string, Pair>();
  for (const [labels, counts] of window.cells) {
    const callee = destinationOf(labels);
    if (callee.service === '') continue; // for nobody: no route matched
    const caller = { namespace: labels.source.namespace, service: labels.source.service };
    pairOf(pairs, caller, callee, labels.host)[labels.reporter].add(labels, counts);
  }
  return [...pairs.entries()]
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([, pair]) => edgeOf(pair, window.seconds))
    .filter(({ requests, tcp }) => requests > 0 || tcp !== null);
}

function pairOf(pairs: Map<string, Pair>, caller: EdgeEnd, callee: EdgeEnd, host: string): Pair {
  const key = [caller.namespace, caller.service, callee.namespace, callee.service, host].join('\n');
  const pair = pairs.get(key) ?? { caller, callee, host, source: new Witness(), destination: new Witness() };
  pairs.set(key, pair);
  return pair;
}

function edgeOf({ caller, callee, host, source, destination }: Pair, seconds: number): Edge {
  const countedBy: CountedBy = destination.all.count > 0 ? 'destination' : 'source';
  const reason = callee.service === PASSTHROUGH_CLUSTER ? outside : doubt(source, destination);
  return {
    source: caller,
    destination: callee,
    host,
    countedBy,
    ...(countedBy === 'destination' ? destination : source).all.metrics(seconds),
    clientIds: union(source.clientIds, destination.clientIds),
    serverIds: union(source.serverIds, destination.serverIds),
    isSecured: reason === null,
    isReached: source.reached.count + destination.reached.count > 0,
    isPending: reason === calleeSilent || reason === callerSilent,
    reason,
  };
}

/** No sidecar is at the other end of what no service has the name of. */
const outside = 'outside the mesh: no service or ExternalService has this name';

/** One end has spoken and the other will: nothing is known to be wrong. */
const calleeSilent = 'the callee has not reported yet';
const callerSilent = 'the caller has not reported yet';

/** What keeps an edge from being secured; null when nothing does. */
function doubt(source: Witness, destination: Witness): string | null {
  const { reached: sent } = source;
  const { reached: received } = destination;
  if (received.count === 0) {
    if (sent.count === 0) return nobody(source);
    return sent.securedCount === 0 ? 'the callee has no sidecar' : calleeSilent;
  }
  if (received.securedCount < received.count) {
    return `${received.count - received.securedCount} of ${received.count} ${received.noun} arrived without mutual TLS`;
  }
  if (sent.count === 0) return callerSilent;
  if (sent.securedCount < sent.count) {
    return `${sent.count - sent.securedCount} of ${sent.count} ${sent.noun} were sent without mutual TLS`;
  }
  return (
    contradiction('caller', destination.clientIds, source.clientIds) ??
    contradiction('callee', source.serverIds, destination.serverIds)
  );
}

/** Why no instance has heard of any of them. */
function nobody({ all, unreachedCount }: Witness): string {
  if (unreachedCount === 0) return `the caller's sidecar answers these ${all.noun} by a rule`;
  return `none of the ${all.noun} has reached an instance`;
}

/** Whether one end saw somebody at the other whom the other does not know. An end that says nothing contradicts nothing. */
function contradiction(who: string, seen: ReadonlySet<string>, own: ReadonlySet<string>): string | null {
  const strangers = [...seen].filter((id) => !own.has(id));
  if (strangers.length === 0 || own.size === 0) return null;
  return `the ${who} was seen as ${strangers.join(', ')} and reports as ${[...own].join(', ')}`;
}

function union(a: ReadonlySet<string>, b: ReadonlySet<string>): string[] {
  return [...new Set([...a, ...b])].sort();
}

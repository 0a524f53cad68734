import type { GrpcRoute } from '../model/grpc-route.ts';
import type { HttpRoute } from '../model/http-route.ts';
import type { ModelDocument } from '../model/kinds.ts';
import { documentName } from '../model/kinds.ts';
import { isMeshReference } from '../model/object-reference.ts';
import type { TcpRoute } from '../model/tcp-route.ts';
import type { Convergence } from '../xds/proxy-status.ts';

/** Something a document in force asks for and cannot have, as translation found it. */
export interface DocumentProblem {
  /** `HTTPRoute/default/cart` */
  readonly document: string;
  readonly path: string;
  readonly message: string;
  /** What a condition calls it; the usual word where it is left out. */
  readonly reason?: string;
}

/** What a port of a Service carries, and who said so. */
export interface PortStatus {
  readonly port: number;
  readonly protocol: string;
  /** `appProtocol`, `workloads`, `port name`, `well-known port` or `nobody`. */
  readonly saidBy: string;
}

/** Kubernetes' `metav1.Condition`, without the time of the last change, which nobody keeps. */
interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration: number;
}

const controllerName = 'heddle.dev/control-plane';

/**
 * The document with what became of it: whether it could be used, and, when `convergence` is known, how many sidecars
 * have it in force.
 *
 * For a route the conditions stand under each parent, as Gateway API has it: `Accepted`, `ResolvedRefs`, `Programmed`. A
 * Service also has what its `ports` carry, which its document need not say.
 */
export function withStatus(
  document: ModelDocument,
  problems: readonly DocumentProblem[],
  convergence: Convergence | null,
  ports: readonly PortStatus[] = [],
): ModelDocument {
  const name = documentName(document);
  const own = problems.filter((problem) => problem.document === name);
  const generation = document.metadata.generation ?? 1;
  if (document.status !== undefined) {
    // a registered workload brings its own, and has conditions only where something is wrong
    if (own.length === 0) return document;
    return { ...document, status: { ...document.status, conditions: [accepted(own, generation)] } };
  }
  const programmed = convergence === null ? [] : [programmedCondition(convergence, generation)];
  if (document.kind === 'HTTPRoute' || document.kind === 'GRPCRoute' || document.kind === 'TCPRoute') {
    return { ...document, status: { parents: routeParents(document, own, programmed, generation) } };
  }
  const conditions = [accepted(own, generation), ...programmed];
  return { ...document, status: { conditions, ...(ports.length > 0 && { ports }) } };
}

function accepted(problems: readonly DocumentProblem[], generation: number): Condition {
  return condition('Accepted', problems, { good: 'Accepted', bad: 'Conflicted' }, generation);
}

function routeParents(
  route: HttpRoute | GrpcRoute | TcpRoute,
  problems: readonly DocumentProblem[],
  programmed: readonly Condition[],
  generation: number,
): readonly object[] {
  const isOfParents = ({ path }: DocumentProblem) => path.startsWith('spec.parentRefs[');
  const references = condition(
    'ResolvedRefs',
    problems.filter((problem) => !isOfParents(problem)),
    { good: 'ResolvedRefs', bad: 'BackendNotFound' },
    generation,
  );
  return route.spec.parentRefs.flatMap((parentRef, index) => {
    if (!isMeshReference(parentRef)) return [];
    const own = problems.filter(({ path }) => path.startsWith(`spec.parentRefs[${index}]`));
    const accepted = condition('Accepted', own, { good: 'Accepted', bad: 'NoMatchingParent' }, generation);
    const conditions = [accepted, references, ...partiallyInvalid(route, problems, generation), ...programmed];
    return [{ parentRef, controllerName, conditions }];
  });
}

/**
 * Some rules can be served and others not at all. Those answer 500, so that no other rule takes requests that were meant for
 * them.
 *
 * Source: Gateway API `RouteConditionPartiallyInvalid`, whose message begins with what became of the rules.
 */
function partiallyInvalid(
  route: HttpRoute | GrpcRoute | TcpRoute,
  problems: readonly DocumentProblem[],
  observedGeneration: number,
): readonly Condition[] {
  const lost = problems.filter(({ path }) => /^spec\.rules\[\d+\](\.filters\[\d+\]\.extensionRef)?$/.test(path));
  const rules = new Set(lost.map(({ path }) => /\d+/.exec(path)?.[0] ?? ''));
  if (rules.size === 0 || rules.size === route.spec.rules.length) return [];
  const message = `Dropped Rule ${[...rules].join(', ')}: ${lost.map((problem) => problem.message).join('; ')}`;
  return [{ type: 'PartiallyInvalid', status: 'True', reason: 'UnsupportedValue', message, observedGeneration }];
}

function condition(
  type: string,
  problems: readonly DocumentProblem[],
  reasons: { readonly good: string; readonly bad: string },
  observedGeneration: number,
): Condition {
  const isGood = problems.length === 0;
  const message = problems.map(({ path, message: text }) => `${path}: ${text}`).join('; ');
  return {
    type,
    status: isGood ? 'True' : 'False',
    // one reason for all: that of the first, as their messages are in this order too
    reason: isGood ? reasons.good : (problems[0]?.reason ?? reasons.bad),
    message,
    observedGeneration,
  };
}

function programmedCondition(convergence: Convergence, observedGeneration: number): Condition {
  const { affected, inForce, rejected, pending, translated } = convergence;
  const [refusal] = rejected;
  const base = { type: 'Programmed', observedGeneration };
  if (refusal !== undefined) {
    return { ...base, status: 'False', reason: 'Rejected', message: `${refusal.proxy}: ${refusal.reason}` };
  }
  const message = affected === 0 ? 'no proxy is concerned' : `in force in ${inForce} of ${affected} proxies concerned`;
  if (!translated || pending.length > 0) return { ...base, status: 'Unknown', reason: 'Pending', message };
  return { ...base, status: 'True', reason: 'InForce', message };
}

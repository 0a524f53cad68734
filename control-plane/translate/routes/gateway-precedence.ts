import { compareText } from '../view/order.ts';

/** What decides which of two matching rules takes a request. */
export interface Precedence {
  /** How much the route says of the host, where that is outside the mesh; see attachments/hostnames.ts. */
  readonly host: number;
  readonly path: { readonly type: 'Exact' | 'RegularExpression' | 'PathPrefix'; readonly value: string };
  /** 1 where a method of HTTP is asked for; of gRPC the characters of its name. */
  readonly method: number;
  readonly headers: number;
  readonly queryParams: number;
  /** 1 where the rule is for certain callers. */
  readonly callers: number;
  /** Of the route document, in milliseconds since the epoch. */
  readonly createdAtMs: number;
  /** `namespace/name` of the route document. */
  readonly document: string;
  /** Position in the document. */
  readonly rule: number;
  /** Position in the rule. */
  readonly match: number;
}

/**
 * Negative when `a` is tried before `b`. Never 0 for matches of different positions, so the order of a route table does
 * not depend on the order in which documents are read.
 *
 * Source: Gateway API v1 `HTTPRouteSpec.hostnames`, the one that says most; then `HTTPRouteRule.matches`: exact path, then a pattern (which the specification leaves open; before
 * prefixes as in Envoy Gateway, and the longest first), then the longest prefix, then a method match, then the
 * most header matches, then the most query parameter matches (then, ours, a rule for certain callers); ties go to the oldest route, then to the first by
 * `namespace/name`, then to the first rule and the first match in the document.
 */
export function comparePrecedence(a: Precedence, b: Precedence): number {
  return (
    b.host - a.host ||
    pathRanks[a.path.type] - pathRanks[b.path.type] ||
    // Two exact paths never match the same request, so their lengths only keep the table in a stable order.
    b.path.value.length - a.path.value.length ||
    b.method - a.method ||
    b.headers - a.headers ||
    b.queryParams - a.queryParams ||
    b.callers - a.callers ||
    a.createdAtMs - b.createdAtMs ||
    compareText(a.document, b.document) ||
    a.rule - b.rule ||
    a.match - b.match
  );
}

const pathRanks = { Exact: 0, RegularExpression: 1, PathPrefix: 2 } as const;

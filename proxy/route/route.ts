import type { RequestFilter } from '../filter/request-filter.ts';
import type { RetryPolicy } from '../resilience/retry-policy.ts';
import type { HashPolicies } from './hash-policy.ts';
import type { RequestPathRewrite } from './path-rewrite.ts';
import type { Redirect, RedirectStatus } from './redirect.ts';
import type { RouteSession } from './session-state.ts';

/**
 * What becomes of the requests that match: where they go, or what they are answered. All fields are always there; what
 * a route does not ask for is null, one comparison on the way of a request. `D` is a destination, the cluster.
 */
export interface Route<D> {
  /** For access logs, metrics and error answers; `default` where no document made the route. */
  readonly name: string;
  readonly action: RouteAction<D>;
  /** Asked in this order before the action; null for none. */
  readonly filters: readonly RequestFilter[] | null;
  readonly requestHeaders: HeaderEdit | null;
  readonly responseHeaders: HeaderEdit | null;
  /** The document that asked for this route; null for routes that the mesh makes by itself. */
  readonly origin: RouteOrigin | null;
}

export type RouteAction<D> = ForwardAction<D> | RedirectRouteAction | RespondAction;

export interface ForwardAction<D> {
  readonly kind: 'forward';
  /** The destination of the next request: always the same one, or a smooth weighted split. */
  readonly pick: () => D;
  /** All attempts together, in milliseconds; 0 means no bound. */
  readonly timeoutMs: number;
  /** Longest time without a byte in either direction; 0 leaves it to the listener, infinity is no bound. */
  readonly idleTimeoutMs: number;
  /** Longest time for a request and its answer, or a tunnel, from the beginning; 0 is no bound. */
  readonly maxStreamMs: number;
  /** Most that a caller of gRPC may give its call, and what it has where it does not say; 0 is no bound. */
  readonly maxCallMs: number;
  readonly retry: RetryPolicy | null;
  /** For requests of which nothing was sent, since there is no room or no instance; null for none. */
  readonly fallback: Fallback<D> | null;
  /** Envoy's priority HIGH: limits and connections apart from those of all other requests. */
  readonly isHighPriority: boolean;
  readonly pathRewrite: RequestPathRewrite | null;
  /** Takes the place of the request's `Host`. */
  readonly hostRewrite: string | null;
  /** Lower case: the header, as the route's changes leave it, whose value does, where there is one; null for none. */
  readonly hostHeader: string | null;
  /** Protocols, lower case, that a request may or may not change to whatever the listener says; null for none. */
  readonly upgrades: ReadonlyMap<string, boolean> | null;
  /** Clients stay with the endpoint that has answered them; null where they do not. */
  readonly session: RouteSession<EditedDestination<D>> | null;
  /** What requests have in common, for clusters that balance by hash; null for nothing. */
  readonly hashPolicies: HashPolicies | null;
  /** In place of `pick` where destinations have changes of their own; null where none has. */
  readonly pickEdited: (() => EditedDestination<D>) | null;
  /** Where copies of the requests go; null for nowhere. */
  readonly mirrors: readonly Mirror<D>[] | null;
}

/** A destination, and what becomes of the requests that go there: changes of the route and its own, in one. */
export interface EditedDestination<D> {
  readonly destination: D;
  readonly requestHeaders: HeaderEdit | null;
  readonly responseHeaders: HeaderEdit | null;
  readonly pathRewrite: RequestPathRewrite | null;
}

export type Fallback<D> =
  | { readonly kind: 'forward'; readonly destination: D }
  | { readonly kind: 'respond'; readonly status: number; readonly lines: string; readonly body: string };

export interface Mirror<D> {
  readonly destination: D;
  /** Whether the next request is one of its share; null for every request. */
  readonly isDrawn: (() => boolean) | null;
  /** `-shadow` stands behind the host of the copy. */
  readonly hasHostSuffix: boolean;
}

export interface RedirectRouteAction {
  readonly kind: 'redirect';
  readonly status: RedirectStatus;
  readonly redirect: Redirect;
}

export interface RespondAction {
  readonly kind: 'respond';
  readonly status: number;
  readonly body: string;
  /** It stands for backends that are not there, and `body` says why: a failure. */
  readonly isRefusal: boolean;
}

/** A change to a block of header lines, made at load time and applied to each message. */
export interface HeaderEdit {
  /** Takes and returns lines `name: value\r\n…`. */
  apply(block: string): string;
}

/** Where a route was written, so that every answer can say which rule led to it. */
export interface RouteOrigin {
  /** `HTTPRoute/default/cart`. */
  readonly document: string;
  /** Index of the rule in the document, and of the match in the rule. */
  readonly rule: number;
  readonly match: number;
  /** Empty, and 0, when the document did not come from a file. */
  readonly file: string;
  readonly line: number;
}

import type { RequestHead } from '../message-head.ts';
import type { HeaderMatcher } from './header-matcher.ts';
import type { PathMatcher } from './path-matcher.ts';
import type { QueryMatcher } from './query-matcher.ts';
import type { Route } from './route.ts';

/** Conditions and what follows from them; all must hold. */
export interface RouteEntry<D> {
  readonly path: PathMatcher;
  readonly headers: readonly HeaderMatcher[];
  readonly queryParameters: readonly QueryMatcher[];
  /** Takes calls of gRPC alone (`RouteMatch.grpc`). */
  readonly isForGrpc: boolean;
  readonly route: Route<D>;
}

/** `target` is path and query of `head`; the path ends before `pathEnd`. */
export function entryTakes<D>(entry: RouteEntry<D>, head: RequestHead, target: string, pathEnd: number): boolean {
  return (
    entry.path.matches(target, pathEnd) &&
    (!entry.isForGrpc || head.isGrpc) &&
    (entry.headers.length === 0 || headersMatch(entry.headers, head)) &&
    (entry.queryParameters.length === 0 || queryMatches(entry.queryParameters, target, pathEnd))
  );
}

/** Whether the entry asks for nothing at all. */
export function takesEverything<D>(entry: RouteEntry<D>): boolean {
  const { path, headers, queryParameters, isForGrpc } = entry;
  return path.takesEverything && headers.length === 0 && queryParameters.length === 0 && !isForGrpc;
}

function headersMatch(matchers: readonly HeaderMatcher[], head: RequestHead): boolean {
  for (let i = 0; i < matchers.length; i++) {
    if (!(matchers[i] as HeaderMatcher).matches(head)) return false;
  }
  return true;
}

function queryMatches(matchers: readonly QueryMatcher[], target: string, pathEnd: number): boolean {
  for (let i = 0; i < matchers.length; i++) {
    if (!(matchers[i] as QueryMatcher).matches(target, pathEnd)) return false;
  }
  return true;
}

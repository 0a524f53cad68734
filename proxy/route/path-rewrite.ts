import type { Substitution } from '../../proto/regex-substitution.ts';
import type { Failure } from '../failure.ts';
import { pathEndOf } from './path-matcher.ts';

/** Makes the target that is sent upstream, or named in a redirect, from the one that was received. */
export interface PathRewrite {
  /** `target` is path and query; the query is kept. `*` of `OPTIONS *` has no path and stays. */
  apply(target: string): string;
}

/** A rewrite of requests, of which some may have a path of which it makes none. */
export interface RequestPathRewrite {
  apply(target: string): string | RequestRefusal;
}

/** Why a request cannot be sent as its route wants it. */
export interface RequestRefusal {
  readonly failure: Failure;
  readonly detail: string;
}

/** Of path and query together, as a sidecar that is called takes them (`maxTargetBytes`). */
const MAX_REWRITTEN_LENGTH = 32_768;

/**
 * Puts `path` in place of the whole path.
 *
 * Throws when `path` could not stand in a request line.
 *
 * Source: Gateway API `HTTPPathModifier`, `ReplaceFullPath`.
 */
export function replaceFullPath(path: string): PathRewrite {
  requirePath(path);
  return { apply: (target) => (isPath(target) ? path + target.slice(pathEndOf(target)) : target) };
}

/**
 * Puts `replacement` in place of the prefix that the route matched on. A slash at the end of either has no meaning, and
 * the result always begins with one:
 *
 * | path      | prefix  | replacement | result      |
 * | --------- | ------- | ----------- | ----------- |
 * | /foo/bar  | /foo    | /xyz        | /xyz/bar    |
 * | /foo/bar  | /foo/   | /xyz/       | /xyz/bar    |
 * | /foo      | /foo    | /xyz        | /xyz        |
 * | /foo/     | /foo    | /xyz        | /xyz/       |
 * | /foo      | /foo    | (empty)     | /           |
 *
 * To be used only on targets that match the prefix. Throws when `replacement` could not stand in a request line.
 *
 * Source: Gateway API `HTTPPathModifier`, `ReplacePrefixMatch`.
 */
export function replacePrefixMatch(prefix: string, replacement: string): PathRewrite {
  if (replacement !== '') requirePath(replacement);
  const matchedLength = withoutLastSlash(prefix).length;
  const beginning = withoutLastSlash(replacement);
  return {
    apply: (target) => {
      if (!isPath(target)) return target;
      const rewritten = beginning + target.slice(matchedLength);
      return isPath(rewritten) ? rewritten : `/${rewritten}`;
    },
  };
}

/**
 * Replaces everything in the path that a pattern takes. A path that is too long for the pattern, or would become too long, has
 * no route, as one that is too long for a route's own pattern; where no slash would begin it the rule is at fault.
 *
 * Source: Envoy `RouteAction.regex_rewrite`, which sends what comes out whatever it is.
 */
export function replacePattern(substitution: Substitution): RequestPathRewrite {
  return {
    apply: (target) => {
      if (!isPath(target)) return target;
      const end = pathEndOf(target);
      const path = substitution.replaceAll(target.slice(0, end), MAX_REWRITTEN_LENGTH - (target.length - end));
      if (path === null) return tooLong;
      return isPath(path) ? path + target.slice(end) : noPath;
    },
  };
}

const tooLong: RequestRefusal = {
  failure: 'noRoute',
  detail: 'the path is too long for the pattern by which the rule rewrites it',
};
const noPath: RequestRefusal = {
  failure: 'rewriteFailed',
  detail: 'the rule rewrites the path by a pattern, and what comes of it does not begin with a slash',
};

function isPath(target: string): boolean {
  return target.charCodeAt(0) === 47; // '/'
}

function withoutLastSlash(path: string): string {
  return path.endsWith('/') ? path.slice(0, -1) : path;
}

/** Visible ASCII without `?`, which would begin a query, and `#`, which no request target has. */
function requirePath(path: string): void {
  if (!/^\/[!"$-<=>@-~]*$/.test(path)) throw new Error(`not a path: ${JSON.stringify(path)}`);
}

import { pathEndOf } from './path-matcher.ts';

/** Makes the target that is sent upstream, or named in a redirect, from the one that was received. */
export interface PathRewrite {
  /** `target` is path and query; the query is kept. `*` of `OPTIONS *` has no path and stays. */
  apply(target: string): string;
}

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

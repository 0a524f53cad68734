/** What is done to the path of a request before anything is matched against it. */
export interface PathNormalization {
  /** Dot segments are removed, unreserved characters decoded, backslashes read as slashes. */
  readonly normalizePath: boolean;
  /** Several slashes in a row become one. */
  readonly mergeSlashes: boolean;
  /** `%2F` and `%5C`: left, refused, or decoded to `/`. */
  readonly escapedSlashes: 'keep' | 'reject' | 'unescape';
}

/** Istio's mode BASE, and its default. */
export const basePathNormalization: PathNormalization = {
  normalizePath: true,
  mergeSlashes: false,
  escapedSlashes: 'keep',
};

/**
 * The path that rules see and that is forwarded, so that no spelling of a path goes around a rule; null when the request
 * must be refused. The query is never touched. A path without anything to do is returned as it is, after one look.
 *
 * In Envoy's order: escaped slashes, then dot segments, then repeated slashes. `..` above the root stays at the root.
 *
 * Source: RFC 3986 sections 5.2.4 and 6.2.2; Envoy `normalize_path`, `merge_slashes`, `path_with_escaped_slashes_action`;
 * Istio `MeshConfig.PathNormalization`.
 */
export function normalizePath(target: string, options: PathNormalization): string | null {
  if (!remarkable.test(target)) return target;
  const queryAt = target.indexOf('?');
  const query = queryAt < 0 ? '' : target.slice(queryAt);
  let path = queryAt < 0 ? target : target.slice(0, queryAt);
  if (!path.startsWith('/')) return target; // `*` and authorities have no segments
  if (options.escapedSlashes !== 'keep') {
    const unescaped = path.replace(escapedSlash, '/');
    if (unescaped !== path && options.escapedSlashes === 'reject') return null;
    path = unescaped;
  }
  if (options.normalizePath) {
    path = path.replace(escapedUnreserved, decodeUnreserved).replaceAll('\\', '/');
    if (dotSegment.test(path)) path = withoutDotSegments(path);
  }
  if (options.mergeSlashes) path = path.replace(repeatedSlash, '/');
  return path + query;
}

/** What any of the steps could act on, before the query. */
const remarkable = /^[^?]*(?:\/[/.]|[%\\])/;
const escapedSlash = /%2[Ff]|%5[Cc]/g;
const repeatedSlash = /\/{2,}/g;
const dotSegment = /\/\.{1,2}(?:\/|$)/;
/**
 * Not behind a `%` that escapes nothing: with it the decoded letter could make another escape, which the next proxy, or the
 * application, would decode after every rule was asked. So a normal form stays as it is when it is normalized again.
 */
const escapedUnreserved =
  /(?<!%|%[0-9A-Fa-f])%(?:2[DEde]|3[0-9]|4[1-9A-Fa-f]|5[0-9Aa]|5[Ff]|6[1-9A-Fa-f]|7[0-9Aa]|7[Ee])/g;

/** Letters, digits, `-`, `.`, `_` and `~` mean the same escaped and not (RFC 3986 section 2.3). */
function decodeUnreserved(escaped: string): string {
  return String.fromCharCode(Number.parseInt(escaped.slice(1), 16));
}

/** RFC 3986 section 5.2.4, for paths that begin with a slash. */
function withoutDotSegments(path: string): string {
  const segments = path.split('/');
  const kept: string[] = [];
  for (const segment of segments.slice(1)) {
    if (segment === '..') kept.pop();
    else if (segment !== '.') kept.push(segment);
  }
  const last = segments.at(-1);
  if (last === '.' || last === '..') kept.push('');
  return `/${kept.join('/')}`;
}

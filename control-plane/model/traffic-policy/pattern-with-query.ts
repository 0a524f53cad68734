/** Escapes, quotes and classes of RE2, in which `$` is a character like others; and what says that the text ends. */
const tokens = /\\Q.*?(?:\\E|$)|\\.|\[\^?\]?(?:\[:\^?[a-z]+:\]|\\.|[^\]\\])*\]|\$/gs;

/**
 * A sound pattern for paths as one for paths with a query: `:path` of a request has both. What says that the path ends takes the
 * query, or `/orders$` would fit `/orders` and not `/orders?x`.
 */
export function withQuery(pattern: string): string {
  const query = '(?:\\?.*)?';
  const open = pattern.replace(tokens, (token) => (token === '$' || token === '\\z' ? `${query}${token}` : token));
  return `(?:${open})${query}`;
}

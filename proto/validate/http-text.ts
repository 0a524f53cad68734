/** What may be written into a request or an answer: nothing here can end a header line or begin another message. */

/** A header name is a token. Source: RFC 9110 section 5.6.2. */
export function isHeaderName(text: string): boolean {
  return /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}$/.test(text);
}

/** Visible characters, spaces, tabs and the upper half of Latin-1. Source: RFC 9110 section 5.5. */
export function isHeaderValue(text: string): boolean {
  return /^[\t\x20-\x7e\x80-\xff]{0,8192}$/.test(text);
}

/** An absolute path of visible ASCII, without `?`, which would begin a query, and `#`, which no request target has. */
export function isPath(text: string): boolean {
  return text.length <= 8192 && /^\/[!"$->@-~]*$/.test(text);
}

/** A host name, or an IP address, IPv6 in brackets. */
export function isHost(text: string): boolean {
  return text.length <= 255 && /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])$/.test(text);
}

/** A host with or without a port, as in the Host header. */
export function isAuthority(text: string): boolean {
  return isHost(text.replace(/:\d{1,5}$/, ''));
}

/** What is said of a format that stands for no text of its own. */
export const NO_COMMANDS =
  'holds a %COMMAND%, which is not supported by the sidecar, or a percent sign that is not written %%';

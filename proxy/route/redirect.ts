import type { RequestHead } from '../message-head.ts';
import type { PathRewrite } from './path-rewrite.ts';

export type RedirectStatus = 301 | 302 | 303 | 307 | 308;

/** Which parts of the request's URL a redirect replaces; null keeps the request's own. */
export interface RedirectSettings {
  readonly scheme: string | null;
  readonly hostname: string | null;
  /** 1 to 65 535. */
  readonly port: number | null;
  readonly path: PathRewrite | null;
  /** Leaves the query out. Default false. */
  readonly stripQuery: boolean;
}

/** Ports that a URL does not name (RFC 9110 sections 4.2.1 and 4.2.2). */
const defaultPorts: ReadonlyMap<string, string> = new Map([
  ['http', '80'],
  ['https', '443'],
]);

/**
 * Builds the `Location` of a redirect.
 *
 * Port: the one that is set; else, where a scheme is set, that scheme's own; else the one the client used. A port that
 * is the scheme's default is left out.
 *
 * Source: Gateway API `HTTPRequestRedirectFilter`; Envoy `RedirectAction`.
 */
export class Redirect {
  readonly #settings: RedirectSettings;

  /** Throws when scheme, hostname or port could not stand in a URL. */
  constructor(settings: RedirectSettings) {
    const { scheme, hostname, port } = settings;
    if (scheme !== null && !/^[a-z][a-z0-9+.-]*$/.test(scheme)) throw new Error(`not a scheme: ${scheme}`);
    if (hostname !== null && !/^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])$/.test(hostname)) {
      throw new Error(`not a host name: ${JSON.stringify(hostname)}`);
    }
    if (port !== null && !(Number.isInteger(port) && port >= 1 && port <= 65_535)) {
      throw new Error(`not a port: ${port}`);
    }
    this.#settings = settings;
  }

  /** Absolute URL; without a host to name (an HTTP/1.0 request may lack one) the path alone. Only visible ASCII. */
  location(head: RequestHead): string {
    const path = visibleAscii(this.#target(head));
    const { hostname, port } = splitAuthority(head.authority);
    const host = this.#settings.hostname ?? visibleAscii(hostname);
    // Without a host, `//evil.example` would be read as one (RFC 3986 section 4.2).
    if (host === '') return path.replace(/^\/+/, '/');
    const scheme = this.#settings.scheme ?? 'http'; // what a sidecar is spoken to in
    return `${scheme}://${host}${this.#portSuffix(scheme, port)}${path}`;
  }

  #target(head: RequestHead): string {
    const received = head.path.startsWith('/') ? head.path : '/'; // `*` of OPTIONS
    const target = this.#settings.path?.apply(received) ?? received;
    const question = target.indexOf('?');
    return this.#settings.stripQuery && question >= 0 ? target.slice(0, question) : target;
  }

  #portSuffix(scheme: string, requestPort: string): string {
    const settings = this.#settings;
    const port = settings.port === null ? (settings.scheme === null ? requestPort : '') : String(settings.port);
    return port === '' || port === defaultPorts.get(scheme) ? '' : `:${port}`;
  }
}

/** `host:port`, `host`, `[v6]:port`; the port is empty where there is none. */
function splitAuthority(authority: string): { hostname: string; port: string } {
  const port = /:(\d{1,5})$/.exec(authority);
  if (port === null) return { hostname: authority, port: '' };
  return { hostname: authority.slice(0, port.index), port: port[1] ?? '' };
}

/** What must not stand in a header value or a URL becomes `%XX`, CR and LF above all. Heads are latin1 text. */
function visibleAscii(text: string): string {
  return text.replace(/[^\x21-\x7e]/g, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);
}

import { isIP } from 'node:net';
import type { HttpBindings } from '@hono/node-server';
import type { MiddlewareHandler } from 'hono';
import { ApiError } from './status.ts';

const loopbackHosts: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * Refuses requests for hosts that we are not.
 *
 * A page from elsewhere can point a name of its own at 127.0.0.1 and so reach a server on loopback from the browser of
 * whoever looks at it (DNS rebinding); its requests carry that name in Host. Loopback names, the configured ones and the
 * address the connection came to are ours.
 */
export function requireOurHost(names: readonly string[]): MiddlewareHandler<{ Bindings: HttpBindings }> {
  const ours = new Set(names.map((name) => name.toLowerCase()));
  return async (context, next) => {
    const { headers, socket } = context.env.incoming;
    const host = (headers.host ?? '').toLowerCase().replace(/:\d{1,5}$/, '');
    if (loopbackHosts.has(host) || ours.has(host) || isAddress(host, socket.localAddress)) return next();
    throw new ApiError(
      'Forbidden',
      `this server is not ${JSON.stringify(host.slice(0, 100))}: check the address you call`,
    );
  };
}

function isAddress(host: string, address: string | undefined): boolean {
  if (address === undefined || isIP(address) === 0) return false;
  return host === address || host === `[${address}]` || `::ffff:${host}` === address;
}

/**
 * Refuses paths that could be read in two ways: dot segments, empty segments, backslashes and percent-encoding. No path
 * of this API needs any of them, and what a library makes of them (`new URL` resolves `%2e%2e`) must not matter.
 */
export function requirePlainPath(): MiddlewareHandler<{ Bindings: HttpBindings }> {
  return async (context, next) => {
    const [path = ''] = (context.env.incoming.url ?? '').split('?');
    const isPlain = /^(\/[A-Za-z0-9._~-]+)*\/?$/.test(path) && !/\/\.{1,2}(\/|$)/.test(path);
    if (!isPlain || path.length > 1024) throw new ApiError('BadRequest', 'this path is no path of this API');
    return next();
  };
}

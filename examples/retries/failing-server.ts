import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { ServerHttp2Stream } from 'node:http2';
import { constants } from 'node:http2';

/** How the first try of a request may end; the path of the request names it: `/KIND/ANYTHING`. */
const ends: Readonly<Record<string, (response: ServerResponse) => void>> = {
  '404': (response) => response.writeHead(404).end(),
  '409': (response) => response.writeHead(409).end(),
  '418': (response) => response.writeHead(418).end(),
  '429': (response) => response.writeHead(429, { 'x-envoy-ratelimited': 'true' }).end(),
  '500': (response) => response.writeHead(500).end(),
  '502': (response) => response.writeHead(502).end(),
  '503': (response) => response.writeHead(503).end(),
  '503-limited': (response) => response.writeHead(503, { 'x-envoy-ratelimited': 'true' }).end(),
  '503-later': (response) => response.writeHead(503, { 'retry-after': '1' }).end(),
  '503-reset': (response) => response.writeHead(503, { 'x-reset-at': Math.ceil(Date.now() / 1000) + 1 }).end(),
  '504': (response) => response.writeHead(504).end(),
  'cache-hit': (response) => response.writeHead(200, { 'x-cache': 'hit-edge' }).end(),
  'cache-miss': (response) => response.writeHead(200, { 'x-cache': 'miss-origin' }).end(),
  'cache-exact': (response) => response.writeHead(200, { 'x-cache-state': 'stale' }).end(),
  'cache-near': (response) => response.writeHead(200, { 'x-cache-state': 'stale-ish' }).end(),
  'cache-error': (response) => response.writeHead(200, { 'x-cache': 'error-E42' }).end(),
  'cache-errors': (response) => response.writeHead(200, { 'x-cache': 'error-E42, error-none' }).end(),
  stale: (response) => response.writeHead(200, { 'x-stale': '1' }).end(),
  'hang-up': (response) => response.socket?.destroy(),
  silence: () => {},
  // an answer has begun, and nothing more comes of it
  'cut-short': (response) => {
    response.writeHead(200, { 'content-length': '100' }).write('half', () => response.socket?.destroy());
  },
};

export interface Try {
  readonly instance: string;
  readonly method: string;
  readonly body: string;
  readonly attempt: string;
  readonly atMs: number;
}

/** What was asked, by path: each try of each request. */
export type Tries = Map<string, Try[]>;

function record(tries: Tries, path: string, entry: Try): number {
  const list = tries.get(path) ?? [];
  tries.set(path, list);
  return list.push(entry);
}

/** Ends the first try of each path as the path says, or every try where it ends in `/always`, and answers the others. */
export function failingServer(instance: string, tries: Tries): RequestListener {
  return (request: IncomingMessage, response: ServerResponse) => {
    let body = '';
    request.setEncoding('latin1');
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('error', () => {});
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      const attempt = String(headers['x-envoy-attempt-count'] ?? '');
      const count = record(tries, url, { instance, method, body, attempt, atMs: performance.now() });
      const end = count === 1 || url.endsWith('/always') ? ends[url.split('/')[1] ?? ''] : undefined;
      (end ?? (() => response.end(instance)))(response);
    });
  };
}

/**
 * The same for calls: `/STATUS.Service/ANYTHING` ends with that status first, `/broken.…` without an answer, and `/refused.…`
 * twice without having been looked at.
 */
export function failingCalls(tries: Tries): (stream: ServerHttp2Stream, headers: Record<string, unknown>) => void {
  return (stream, headers) => {
    stream.on('error', () => {});
    stream.resume();
    const path = String(headers[':path']);
    const entry = { instance: '', method: 'POST', body: '', attempt: '', atMs: performance.now() };
    const count = record(tries, path, entry);
    const isFirst = count === 1;
    const kind = path.slice(1, path.indexOf('.'));
    if (count <= 2 && kind === 'refused') return stream.close(constants.NGHTTP2_REFUSED_STREAM);
    if (isFirst && kind === 'broken') return stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    const status = isFirst ? kind : '0';
    stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': status }, { endStream: true });
  };
}

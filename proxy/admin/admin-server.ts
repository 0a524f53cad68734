import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isIP } from 'node:net';
import { hostAndPort } from '../../proto/host-and-port.ts';
import { WaitingConnections } from './waiting-connections.ts';

/** An answer of the admin server, whole. */
export interface AdminResponse {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  /** Methods that the path takes instead, for a 405 (RFC 9110 section 15.5.6). */
  readonly allow?: string;
}

/** One path. A path that changes something is POST only, as in Envoy. */
export interface AdminPath {
  readonly path: string;
  readonly method: 'GET' | 'POST';
  /** What `/help` says of it. */
  readonly help: string;
  readonly answer: (query: URLSearchParams) => AdminResponse | Promise<AdminResponse>;
}

export interface AdminServerOptions {
  readonly paths: readonly AdminPath[];
  /** Default 127.0.0.1: whoever reaches this port can read the configuration and stop the proxy. */
  readonly host?: string;
  /** Default 0, a free one. */
  readonly port?: number;
}

const maxHeaderBytes = 8 * 1024;
const maxBodyBytes = 64 * 1024;
const maxConnections = 128;
/** Connections that have not asked, or that are kept after an answer. */
const maxWaiting = 64;
/** How often Node looks for those that take too long; by default after 30 s, so that no shorter limit would hold. */
const checkIntervalMs = 1_000;
const plainText = 'text/plain; charset=UTF-8';

/**
 * Envoy's admin interface over HTTP/1.1. Not the data path, so it is Node's own server.
 *
 * It has no password: it is bound to loopback, and what a browser could be made to send is refused. A `Host` that is a
 * name other than `localhost` means that some site's name was pointed here (DNS rebinding); an `Origin` means that a
 * page sent it.
 */
export class AdminServer {
  readonly #server: Server;
  readonly #paths: ReadonlyMap<string, AdminPath>;
  readonly #waiting = new WaitingConnections(maxWaiting);

  private constructor(paths: readonly AdminPath[]) {
    this.#paths = new Map([helpPath(paths), ...paths].map((path) => [path.path, path]));
    const timeouts = { headersTimeout: 5_000, requestTimeout: 10_000, keepAliveTimeout: 5_000 };
    this.#server = createServer(
      { maxHeaderSize: maxHeaderBytes, ...timeouts, connectionsCheckingInterval: checkIntervalMs },
      (request, response) => {
        const { socket } = request;
        this.#waiting.delete(socket);
        response.once('close', () => {
          if (!socket.destroyed) this.#waiting.add(socket);
        });
        void this.#answer(request, response);
      },
    );
    this.#server.maxConnections = maxConnections;
    this.#server.on('connection', (socket) => {
      this.#waiting.add(socket);
      socket.once('close', () => this.#waiting.delete(socket));
    });
  }

  /** Rejects with what the system says, such as a port in use. */
  static async listen({ paths, host = '127.0.0.1', port = 0 }: AdminServerOptions): Promise<AdminServer> {
    const admin = new AdminServer(paths);
    await new Promise<void>((resolve, reject) => {
      admin.#server.once('error', reject);
      admin.#server.listen(port, host, () => {
        admin.#server.removeListener('error', reject);
        resolve();
      });
    });
    return admin;
  }

  /** `127.0.0.1:15000`; IPv6 in brackets. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port; // it listens on TCP
  }

  get address(): string {
    const { address, port } = this.#server.address() as AddressInfo; // it listens on TCP
    return hostAndPort(address, port);
  }

  /** Answers what is under way, closes the rest. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeIdleConnections();
    const abandon = setTimeout(() => this.#server.closeAllConnections(), 1_000);
    await closed;
    clearTimeout(abandon);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', ignoreGoneClient);
    let answer: AdminResponse;
    try {
      const isBodySmall = await discardBody(request);
      answer = isBodySmall ? (refusal(request) ?? (await this.#answerPath(request))) : tooLarge;
    } catch (error) {
      answer = text(500, `${error instanceof Error ? error.message : String(error)}\n`);
    }
    const body = Buffer.from(answer.body);
    response.writeHead(answer.status, {
      'content-type': answer.contentType,
      'content-length': body.length,
      'cache-control': 'no-cache, max-age=0',
      'x-content-type-options': 'nosniff',
      ...(answer.allow === undefined ? {} : { allow: answer.allow }),
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  }

  #answerPath(request: IncomingMessage): AdminResponse | Promise<AdminResponse> {
    const target = request.url ?? '/';
    const queryAt = target.indexOf('?');
    const pathname = queryAt < 0 ? target : target.slice(0, queryAt);
    const path = this.#paths.get(pathname === '/' ? '/help' : pathname);
    if (path === undefined) {
      return text(404, `invalid path. admin commands are:\n${helpText(this.#paths.values())}`);
    }
    const method = request.method === 'HEAD' ? 'GET' : request.method;
    if (method !== path.method) {
      const allow = path.method === 'GET' ? 'GET, HEAD' : 'POST';
      return { ...text(405, `Method Not Allowed: ${path.path} takes ${path.method}\n`), allow };
    }
    return path.answer(new URLSearchParams(queryAt < 0 ? '' : target.slice(queryAt)));
  }
}

export function text(status: number, body: string): AdminResponse {
  return { status, contentType: plainText, body };
}

export function json(value: unknown): AdminResponse {
  return { status: 200, contentType: 'application/json', body: `${JSON.stringify(value, null, 1)}\n` };
}

/**
 * What sidecars call themselves when they ask instances how they are. An instance may be written down with any address, this
 * one too; requests that sidecars carry are told by the id that they give to each.
 */
const healthChecker = 'Heddle/HC';

/** Why a request is not looked at any further; null when it is. */
function refusal(request: IncomingMessage): AdminResponse | null {
  const { host, origin } = request.headers;
  if (!isOwnHost(host ?? '')) {
    return text(
      403,
      'the Host of an admin request is localhost or an IP address: names can be pointed here by anyone\n',
    );
  }
  if (origin !== undefined && origin !== `http://${host}`) {
    return text(403, 'the admin server takes no requests from pages of other sites\n');
  }
  if (request.headers['x-request-id'] !== undefined || request.headers['user-agent'] === healthChecker) {
    return text(403, 'the admin server takes no requests by way of a sidecar\n');
  }
  return null;
}

function isOwnHost(host: string): boolean {
  const name = host.replace(/:\d{1,5}$/, '').toLowerCase();
  return name === 'localhost' || isIP(name) === 4 || (/^\[.*\]$/.test(name) && isIP(name.slice(1, -1)) === 6);
}

/** No path takes a body. A small one is read away, so that the connection can be kept; false when it is too large. */
async function discardBody(request: IncomingMessage): Promise<boolean> {
  let bytes = 0;
  for await (const chunk of request) {
    bytes += (chunk as Buffer).length;
    if (bytes > maxBodyBytes) return false;
  }
  return true;
}

const tooLarge = text(413, 'no admin path takes a body\n');

function helpPath(paths: readonly AdminPath[]): AdminPath {
  return {
    path: '/help',
    method: 'GET',
    help: 'print out list of admin commands',
    answer: () => text(200, `admin commands are:\n${helpText(paths)}`),
  };
}

function helpText(paths: Iterable<AdminPath>): string {
  return [...paths]
    .map(({ path, method, help }) => `  ${path}${method === 'POST' ? ' (POST)' : ''}: ${help}\n`)
    .sort()
    .join('');
}

/** The client went away; whatever was written to it is of no use to anyone. */
function ignoreGoneClient(): void {}

import { request } from 'node:http';
import { Readable } from 'node:stream';

export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** One request exactly as given: no client library normalizes its path or corrects its headers. */
export function rawRequest(
  base: string,
  options: {
    readonly method?: string;
    readonly path: string;
    readonly headers?: Record<string, string>;
    /** An iterable is sent chunk by chunk, for as long as the server takes them. */
    readonly body?: string | Iterable<string>;
  },
): Promise<RawAnswer> {
  const { hostname, port } = new URL(base);
  const { method = 'GET', path, body = '' } = options;
  // node:http sends a DELETE with a body, but not its length
  const length = typeof body === 'string' && body !== '' ? { 'content-length': String(Buffer.byteLength(body)) } : {};
  const headers = { ...length, ...options.headers };
  return new Promise((resolve, reject) => {
    const outgoing = request({ hostname, port, method, path, headers, agent: false }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('error', reject);
      incoming.on('end', () => {
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          text: Buffer.concat(chunks).toString('utf8'),
        });
      });
    });
    outgoing.on('error', reject);
    if (typeof body === 'string') outgoing.end(body);
    else Readable.from(body).pipe(outgoing);
  });
}

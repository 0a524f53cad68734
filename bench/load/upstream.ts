import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePorts } from '../../cli/demo/free-ports.ts';
import { startNginx } from './nginx-process.ts';
import type { Stage } from './stage.ts';

/** HTTP/1.1, or HTTP/2 with prior knowledge where there is no TLS; `tcp`: HTTP/1.1 of which proxies know nothing. */
export type Protocol = 'http1' | 'http2' | 'tcp';

/** What the upstream answers at `/`: 1 KiB. */
export const upstreamBody = 'heddle bench '.repeat(80).slice(0, 1024);

/** Paths of larger bodies, HTTP/1 only, and their sizes. */
export const largeBodies = { '/1mb': 1_000_000, '/1gb': 1_000_000_000 } as const;

/** Takes bodies of up to 10⁶ bytes, HTTP/1 only, and answers as `/` does once it has all of one. */
export const uploadPath = '/upload';

export const grpcPath = '/bench.grpc';
/** The same as a method of a service, by which routes tell calls apart. */
export const grpcMethod = { service: 'bench.v1.Echo', method: 'Say' } as const;
export const grpcMethodPath = `/${grpcMethod.service}/${grpcMethod.method}`;
/** A message of five bytes with its prefix: not compressed, length (gRPC over HTTP/2, "Length-Prefixed-Message"). */
export const grpcFrame = '\0\0\0\0\x05hello';

/** One service behind all proxies, on several addresses, so that every proxy has endpoints to choose from. */
export interface Upstream {
  /** Of 127.0.0.0/8. */
  readonly addresses: readonly string[];
  readonly http1Port: number;
  /** In plaintext with prior knowledge; null when the scenario has no use for it. */
  readonly http2Port: number | null;
}

export const upstreamAddresses = addressesOf(2);

/** 127.0.0.1 and so many in all, up to 65 000 of them. */
export function addressesOf(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `127.0.${(index + 1) >> 8}.${(index + 1) & 255}`);
}

/** The port at which the upstream speaks this. */
export function upstreamPort(upstream: Upstream, protocol: Protocol): number {
  const port = protocol === 'http2' ? upstream.http2Port : upstream.http1Port;
  if (port === null) throw new Error('this scenario has no upstream of HTTP/2');
  return port;
}

/**
 * Starts the upstream: nginx for HTTP/1, and where it is asked for nghttpd for HTTP/2 and gRPC. Both answer from memory
 * or the page cache, so that they cost little beside what is measured.
 */
export async function startUpstream(
  stage: Stage,
  protocol: Protocol,
  addresses: readonly string[] = upstreamAddresses,
): Promise<Upstream> {
  const [http1Port, http2Port] = (await freePorts(2)) as [number, number];
  const folder = join(stage.folder, 'htdocs');
  mkdirSync(folder);
  const listen = addresses.map((address) => `    listen ${address}:${http1Port} backlog=4096;\n`).join('');
  const http = `  sendfile on;
  open_file_cache max=16;
  upstream itself {
    server ${addresses[0]}:${http1Port};
    keepalive 64;
    keepalive_requests 1000000000;
  }
  server {
${listen}    default_type text/plain;
    root ${folder};
    location = / { return 200 '${upstreamBody}'; }
    # What answers by itself does so before the body is there; what passes it on waits for it.
    location = ${uploadPath} {
      client_body_buffer_size 1m;
      proxy_pass_request_body off;
      proxy_set_header Content-Length '';
      proxy_set_header Connection '';
      proxy_http_version 1.1;
      proxy_method GET;
      proxy_pass http://itself/;
    }
  }`;
  for (const [path, bytes] of Object.entries(largeBodies)) {
    writeFileSync(join(folder, path), '');
    truncateSync(join(folder, path), bytes); // a hole: no disk is read
  }
  await startNginx(stage, 'others', 'upstream', http);
  if (protocol === 'http2') startNghttpd(stage, folder, http2Port, addresses);
  return { addresses, http1Port, http2Port: protocol === 'http2' ? http2Port : null };
}

/** Trailers end every answer, which only gRPC clients look at; without `content-length`, as gRPC servers do. */
function startNghttpd(stage: Stage, folder: string, port: number, addresses: readonly string[]): void {
  writeFileSync(join(folder, 'index.html'), upstreamBody);
  mkdirSync(join(folder, grpcMethod.service));
  for (const path of [grpcPath, grpcMethodPath]) writeFileSync(join(folder, path), grpcFrame);
  const types = join(stage.folder, 'mime.types');
  writeFileSync(types, 'application/grpc grpc\ntext/plain html\n');
  const content = ['--htdocs', folder, '--mime-types-file', types, '--no-content-length'];
  for (const address of addresses) {
    const line = [
      '--no-tls',
      '--address',
      address,
      ...content,
      '--max-concurrent-streams=1000',
      '--trailer',
      'grpc-status: 0',
    ];
    stage.start('others', 'nghttpd', [...line, String(port)]);
  }
}

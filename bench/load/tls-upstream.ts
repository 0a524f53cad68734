import { readFileSync } from 'node:fs';
import { startNginx } from './nginx-process.ts';
import { inboundName, inboundUri, writePeerCertificates } from './peers/peer-certificates.ts';
import type { Stage } from './stage.ts';
import { upstreamBody } from './upstream.ts';

/** The upstream over TLS, as a host outside any mesh offers it, and what its clients have to know. */
export interface TlsUpstream {
  readonly port: number;
  /** What they ask for, which is also the certificate's common name. */
  readonly serverName: string;
  /** The only name in its certificate that counts (RFC 9525 section 2). */
  readonly uri: string;
  readonly rootPem: string;
}

/** Starts it on these addresses: nginx, HTTP/1.1 over TLS 1.3, P-256, clients without certificates. */
export async function startTlsUpstream(stage: Stage, addresses: readonly string[], port: number): Promise<TlsUpstream> {
  const { rootFile, inboundFile } = writePeerCertificates(stage.folder);
  const listen = addresses.map((address) => `    listen ${address}:${port} ssl backlog=4096;\n`).join('');
  const http = `  server {
${listen}    ssl_certificate ${inboundFile};
    ssl_certificate_key ${inboundFile};
    ssl_protocols TLSv1.3;
    default_type text/plain;
    location = / { return 200 '${upstreamBody}'; }
  }`;
  await startNginx(stage, 'others', 'tls-upstream', http);
  return { port, serverName: inboundName, uri: inboundUri, rootPem: readFileSync(rootFile, 'utf8') };
}

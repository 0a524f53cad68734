import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePorts } from '../../../cli/demo/free-ports.ts';
import type { Peer, Place } from '../peer.ts';
import { findProgram } from '../program.ts';
import type { Stage } from '../stage.ts';
import type { Protocol } from '../upstream.ts';
import { upstreamPort } from '../upstream.ts';
import { benchClient, inboundName, writePeerCertificates } from './peer-certificates.ts';

export const haproxyName = 'haproxy';

/**
 * HAProxy with one thread, or as many as `workers`. It counts in any case, and offers its metrics at a socket. In a chain each hop checks the
 * other's certificate down to the root; the outbound one checks the name too.
 */
export function haproxy(place: Place, protocol: Protocol, workers = 1): Peer {
  return {
    name: haproxyName,
    remark: null,
    warmsUp: false,
    missing: () => (findProgram('haproxy') === null ? 'haproxy is not installed' : null),
    async start(stage, upstream) {
      const [port, meshPort] = (await freePorts(2)) as [number, number];
      const proto = protocol === 'http2' ? 'proto h2' : '';
      const target = upstreamPort(upstream, protocol);
      const next = upstream.addresses.map((address) => `${address}:${target} ${proto}`);
      const running = { clientTls: null, collectSignal: null };
      const start = startHaproxy.bind(null, protocol === 'tcp' ? 'tcp' : 'http', workers);
      if (place === 'single') {
        const hops = [start(stage, 'proxy', port, proto, next)];
        return { ...running, port, hops, meshPort: null };
      }
      const files = writePeerCertificates(stage.folder);
      const verify = `ca-file ${files.rootFile} verify required ssl-min-ver TLSv1.3`;
      const alpn = protocol === 'http2' ? 'alpn h2' : '';
      const inbound = start(stage, 'inbound', meshPort, `ssl crt ${files.inboundFile} ${verify} ${alpn}`, next);
      if (place === 'inbound') {
        return { ...running, port: meshPort, clientTls: benchClient(files), hops: [inbound], meshPort };
      }
      const dial = `ssl crt ${files.outboundFile} ${verify} ${alpn} sni str(${inboundName}) verifyhost ${inboundName}`;
      const outbound = start(stage, 'outbound', port, proto, [`127.0.0.1:${meshPort} ${dial}`]);
      return { ...running, port, hops: [outbound, inbound], meshPort };
    },
  };
}

/** `http-reuse always`: any request may go out on any idle connection, which is what a sidecar does too. */
function startHaproxy(
  mode: 'http' | 'tcp',
  threads: number,
  stage: Stage,
  hop: string,
  port: number,
  accept: string,
  next: readonly string[],
): number {
  const file = join(stage.folder, `${hop}.cfg`);
  writeFileSync(
    file,
    `global
  nbthread ${threads}
  maxconn 9000
  stats socket ${join(stage.folder, `${hop}.sock`)} mode 600
defaults
  mode ${mode}
  timeout connect 5s
  timeout client 60s
  timeout server 60s
${mode === 'http' ? '  http-reuse always\n' : ''}frontend in
  bind 127.0.0.1:${port} ${accept}
  default_backend out
backend out
  balance random
${next.map((server, index) => `  server next${index} ${server}\n`).join('')}`,
  );
  return stage.start('proxy', 'haproxy', ['-db', '-f', file]).pid;
}

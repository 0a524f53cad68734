import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePorts } from '../../../cli/demo/free-ports.ts';
import type { Peer } from '../peer.ts';
import { findProgram } from '../program.ts';
import type { Stage } from '../stage.ts';
import { inboundName, writePeerCertificates } from './peer-certificates.ts';

const name = 'haproxy';
const missing = () => (findProgram('haproxy') === null ? 'haproxy is not installed' : null);

/** One HAProxy with one thread. It counts in any case, and offers its metrics at a socket. */
export const haproxyPlain: Peer = {
  name,
  warmsUp: false,
  missing,
  async start(stage, upstreamPort) {
    const [port] = (await freePorts(1)) as [number];
    return { port, hops: [startHaproxy(stage, 'proxy', port, '', upstreamPort, '')], meshPort: null };
  },
};

/** Two of them. Each checks the other's certificate down to the root; the outbound one checks the name too. */
export const haproxyMtls: Peer = {
  name,
  warmsUp: false,
  missing,
  async start(stage, upstreamPort) {
    const [port, meshPort] = (await freePorts(2)) as [number, number];
    const { rootFile, inboundFile, outboundFile } = writePeerCertificates(stage.folder);
    const verify = `ca-file ${rootFile} verify required ssl-min-ver TLSv1.3`;
    const acceptMtls = `ssl crt ${inboundFile} ${verify}`;
    const dialMtls = `ssl crt ${outboundFile} ${verify} sni str(${inboundName}) verifyhost ${inboundName}`;
    const hops = [
      startHaproxy(stage, 'outbound', port, '', meshPort, dialMtls),
      startHaproxy(stage, 'inbound', meshPort, acceptMtls, upstreamPort, ''),
    ];
    return { port, hops, meshPort };
  },
};

/** `http-reuse always`: any request may go out on any idle connection, which is what a sidecar does too. */
function startHaproxy(stage: Stage, hop: string, port: number, accept: string, nextPort: number, dial: string): number {
  const file = join(stage.folder, `${hop}.cfg`);
  writeFileSync(
    file,
    `global
  nbthread 1
  maxconn 4000
  stats socket ${join(stage.folder, `${hop}.sock`)} mode 600
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  http-reuse always
frontend in
  bind 127.0.0.1:${port} ${accept}
  default_backend out
backend out
  server next 127.0.0.1:${nextPort} ${dial}
`,
  );
  return stage.start('proxy', 'haproxy', ['-db', '-f', file]).pid;
}

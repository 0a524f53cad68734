import { freePorts } from '../../../cli/demo/free-ports.ts';
import { startNginx } from '../nginx-process.ts';
import type { Peer } from '../peer.ts';
import { findProgram } from '../program.ts';
import { inboundName, writePeerCertificates } from './peer-certificates.ts';

const name = 'nginx';
const missing = () => (findProgram('nginx') === null ? 'nginx is not installed' : null);

/** One nginx with one worker, which keeps its connections to the upstream. `stub_status` is its metrics. */
export const nginxPlain: Peer = {
  name,
  warmsUp: false,
  missing,
  async start(stage, upstreamPort) {
    const [port] = (await freePorts(1)) as [number];
    const worker = await startNginx(stage, 'proxy', 'proxy', forward(port, '', `http://127.0.0.1:${upstreamPort}`, ''));
    return { port, hops: [worker], meshPort: null };
  },
};

/** Two of them. Each checks the other's certificate down to the root; the outbound one checks the name too. */
export const nginxMtls: Peer = {
  name,
  warmsUp: false,
  missing,
  async start(stage, upstreamPort) {
    const [port, meshPort] = (await freePorts(2)) as [number, number];
    const { rootFile, inboundFile, outboundFile } = writePeerCertificates(stage.folder);
    // Depth 2: an issuing authority stands between leaf and root.
    const acceptMtls = `
    ssl_protocols TLSv1.3;
    ssl_certificate ${inboundFile};
    ssl_certificate_key ${inboundFile};
    ssl_client_certificate ${rootFile};
    ssl_verify_client on;
    ssl_verify_depth 2;`;
    const dialMtls = `
      proxy_ssl_protocols TLSv1.3;
      proxy_ssl_certificate ${outboundFile};
      proxy_ssl_certificate_key ${outboundFile};
      proxy_ssl_trusted_certificate ${rootFile};
      proxy_ssl_verify on;
      proxy_ssl_verify_depth 2;
      proxy_ssl_name ${inboundName};
      proxy_ssl_server_name on;`;
    const outbound = forward(port, '', `https://127.0.0.1:${meshPort}`, dialMtls);
    const inbound = forward(meshPort, acceptMtls, `http://127.0.0.1:${upstreamPort}`, '');
    const hops = [
      await startNginx(stage, 'proxy', 'outbound', outbound),
      await startNginx(stage, 'proxy', 'inbound', inbound),
    ];
    return { port, hops, meshPort };
  },
};

/** HTTP/1.1 to the next hop over connections that stay open: nginx's default is a new HTTP/1.0 one per request. */
function forward(port: number, accept: string, next: string, dial: string): string {
  const [scheme, address] = next.split('://');
  return `  upstream next {
    server ${address};
    keepalive 256;
    keepalive_requests 1000000000;
  }
  server {
    listen 127.0.0.1:${port} ${accept === '' ? '' : 'ssl'} backlog=4096;${accept}
    location = /status { stub_status; }
    location / {
      proxy_pass ${scheme}://next;
      proxy_http_version 1.1;
      proxy_set_header Connection '';${dial}
    }
  }`;
}

import { freePorts } from '../../../cli/demo/free-ports.ts';
import { startNginx } from '../nginx-process.ts';
import type { Peer, Place } from '../peer.ts';
import { findProgram } from '../program.ts';
import { benchClient, inboundName, writePeerCertificates } from './peer-certificates.ts';

/**
 * nginx with one worker, or several, which keep their connections to the upstream. `stub_status` is its metrics. In a chain each hop
 * checks the other's certificate down to the root; the outbound one checks the name too.
 *
 * It speaks HTTP/2 to clients only: what leaves it is HTTP/1.1 in every case.
 */
export function nginx(place: Place, protocol: 'http1' | 'http2', workers = 1): Peer {
  return {
    name: 'nginx',
    remark: protocol === 'http2' ? 'HTTP/1.1 to the upstream' : null,
    warmsUp: false,
    missing: () => (findProgram('nginx') === null ? 'nginx is not installed' : null),
    async start(stage, { addresses, http1Port }) {
      const [port, meshPort] = (await freePorts(2)) as [number, number];
      const flag = protocol === 'http2' ? 'http2' : '';
      const next = addresses.map((address) => `${address}:${http1Port}`);
      const running = { clientTls: null, collectSignal: null };
      if (place === 'single') {
        const hops = [await startNginx(stage, 'proxy', 'proxy', forward(port, flag, '', 'http', next, ''), workers)];
        return { ...running, port, hops, meshPort: null };
      }
      const files = writePeerCertificates(stage.folder);
      // Depth 2: an issuing authority stands between leaf and root.
      const acceptMtls = `
    ssl_protocols TLSv1.3;
    ssl_certificate ${files.inboundFile};
    ssl_certificate_key ${files.inboundFile};
    ssl_client_certificate ${files.rootFile};
    ssl_verify_client on;
    ssl_verify_depth 2;`;
      const accepting = forward(meshPort, `ssl ${flag}`, acceptMtls, 'http', next, '');
      const inbound = await startNginx(stage, 'proxy', 'inbound', accepting, workers);
      if (place === 'inbound') {
        return { ...running, port: meshPort, clientTls: benchClient(files), hops: [inbound], meshPort };
      }
      const dialMtls = `
      proxy_ssl_protocols TLSv1.3;
      proxy_ssl_certificate ${files.outboundFile};
      proxy_ssl_certificate_key ${files.outboundFile};
      proxy_ssl_trusted_certificate ${files.rootFile};
      proxy_ssl_verify on;
      proxy_ssl_verify_depth 2;
      proxy_ssl_name ${inboundName};
      proxy_ssl_server_name on;`;
      const dialling = forward(port, flag, '', 'https', [`127.0.0.1:${meshPort}`], dialMtls);
      const outbound = await startNginx(stage, 'proxy', 'outbound', dialling, workers);
      return { ...running, port, hops: [outbound, inbound], meshPort };
    },
  };
}

/** HTTP/1.1 to the next hop over connections that stay open: nginx's default is a new HTTP/1.0 one per request. */
function forward(
  port: number,
  flags: string,
  accept: string,
  scheme: 'http' | 'https',
  next: readonly string[],
  dial: string,
): string {
  return `  upstream next {
    random two least_conn;
${next.map((address) => `    server ${address};\n`).join('')}    keepalive 256;
    keepalive_requests 1000000000;
  }
  server {
    listen 127.0.0.1:${port} ${flags} backlog=4096;${accept}
    location = /status { stub_status; }
    location / {
      proxy_pass ${scheme}://next;
      proxy_http_version 1.1;
      proxy_set_header Connection '';
      client_max_body_size 0;
      proxy_request_buffering off;${dial}
    }
  }`;
}

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { extname, join } from 'node:path';
import { freePorts } from '../../../cli/demo/free-ports.ts';
import { collectOnSignal } from '../loads/node-program.ts';
import type { Peer } from '../peer.ts';

const program = join(import.meta.dirname, `http-proxy-program${extname(import.meta.filename)}`);

/** What many Node.js services have used in this place: node:http on both sides, one stream piped into the other. */
export const httpProxy: Peer = {
  name: 'http-proxy',
  remark: null,
  warmsUp: true,
  missing: () => (httpProxyVersion() === null ? 'the npm package http-proxy is not installed' : null),
  async start(stage, { http1Port }) {
    const [port] = (await freePorts(1)) as [number];
    const line = [...process.execArgv, ...collectOnSignal.flags, program, String(port), String(http1Port)];
    const { pid } = stage.start('proxy', process.execPath, line);
    return { port, clientTls: null, hops: [pid], meshPort: null, collectSignal: collectOnSignal.signal };
  },
};

/** Null when the package, a development dependency, is not installed. */
export function httpProxyVersion(): string | null {
  try {
    const file = createRequire(import.meta.url).resolve('http-proxy/package.json');
    return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
  } catch {
    return null;
  }
}

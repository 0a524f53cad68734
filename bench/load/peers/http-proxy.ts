import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { extname, join } from 'node:path';
import { freePorts } from '../../../cli/demo/free-ports.ts';
import type { Peer } from '../peer.ts';

const program = join(import.meta.dirname, `http-proxy-program${extname(import.meta.filename)}`);

/** What many Node.js services have used in this place: node:http on both sides, one stream piped into the other. */
export const httpProxyPlain: Peer = {
  name: 'http-proxy',
  warmsUp: true,
  missing: () => (httpProxyVersion() === null ? 'the npm package http-proxy is not installed' : null),
  async start(stage, upstreamPort) {
    const [port] = (await freePorts(1)) as [number];
    const line = [...process.execArgv, program, String(port), String(upstreamPort)];
    return { port, hops: [stage.start('proxy', process.execPath, line).pid], meshPort: null };
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

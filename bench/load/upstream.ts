import { freePorts } from '../../cli/demo/free-ports.ts';
import { startNginx } from './nginx-process.ts';
import type { Stage } from './stage.ts';

/** What the upstream answers to every request: 1 KiB. */
export const upstreamBody = 'heddle bench '.repeat(80).slice(0, 1024);

/**
 * Starts the one service behind all proxies: nginx, which answers from memory, so that it costs little beside what is
 * measured. Gives its port on loopback.
 */
export async function startUpstream(stage: Stage): Promise<number> {
  const [port] = (await freePorts(1)) as [number];
  const http = `  server {
    listen 127.0.0.1:${port} backlog=4096;
    default_type text/plain;
    return 200 '${upstreamBody}';
  }`;
  await startNginx(stage, 'others', 'upstream', http);
  return port;
}

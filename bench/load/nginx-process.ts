import { writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Cores } from './cores.ts';
import { childrenOf } from './process-cost.ts';
import type { Stage } from './stage.ts';

const workerLimitMs = 5_000;

/**
 * Starts nginx with `workers` and no access log, everything it writes on the stage. Connections are kept open for as
 * many requests as the load likes; nginx would close them after a thousand.
 *
 * Gives the process id of the only worker, since the master carries no traffic; of several, the master's.
 *
 * @param http what stands inside the block `http { … }`
 * @throws Error with nginx's own words when it ends, or has no worker within 5 s
 */
export async function startNginx(
  stage: Stage,
  where: keyof Cores,
  name: string,
  http: string,
  workers = 1,
): Promise<number> {
  const file = join(stage.folder, `${name}.conf`);
  writeFileSync(file, configuration(stage.folder, name, http, workers));
  const nginx = stage.start(where, 'nginx', ['-p', stage.folder, '-e', 'stderr', '-c', file]);
  const deadlineMs = performance.now() + workerLimitMs;
  while (nginx.outcome === null && performance.now() < deadlineMs) {
    const [worker, ...others] = childrenOf(nginx.pid);
    if (worker !== undefined && others.length === workers - 1) return workers === 1 ? worker : nginx.pid;
    await delay(10);
  }
  throw new Error(`nginx has no worker: ${nginx.lastWords()}`);
}

function configuration(folder: string, name: string, http: string, workers: number): string {
  const { uid, username } = userInfo();
  // Started by root, the worker would become a user who may not enter the folder.
  const user = uid === 0 ? `user ${username};\n` : '';
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `  ${kind}_temp_path ${join(folder, `${name}-${kind}`)};\n`)
    .join('');
  return `${user}daemon off;
worker_processes ${workers};
pid ${join(folder, `${name}.pid`)};
events { worker_connections 19000; }
http {
  access_log off;
  keepalive_requests 1000000000;
${temporary}${http}
}
`;
}

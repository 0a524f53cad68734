import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { startProgram } from './program.ts';

/** An nginx of our own, in the foreground, with one server block. */
export interface Nginx {
  readonly port: number;
  /** Its root; created empty. */
  readonly folder: string;
  stop(): Promise<void>;
}

/** `server` is what stands in the server block besides `listen` and `root`. Resolves when it accepts connections. */
export async function startNginx(server = ''): Promise<Nginx> {
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), 'heddle-nginx-'));
  const configuration = join(folder, 'nginx.conf');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `${kind}_temp_path ${join(folder, kind)};`)
    .join(' ');
  await writeFile(
    configuration,
    `${process.getuid?.() === 0 ? 'user root;' : ''} daemon off; worker_processes 1; pid ${join(folder, 'pid')};
     error_log stderr crit; events {}
     http { access_log off; ${temporary} server { listen 127.0.0.1:${port}; root ${folder}; ${server} } }`,
  );
  const running = await startProgram('nginx', ['-c', configuration, '-e', 'stderr'], port);
  return {
    port,
    folder,
    stop: async () => {
      await running.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../../examples/testing/free-port.ts';

export interface Sample {
  readonly metric: Record<string, string>;
  readonly value: string;
}

/** Prometheus on a free port with one target; a query is asked until it has an answer. */
export async function startPrometheus(target: number) {
  const folder = await mkdtemp(join(tmpdir(), 'heddle-prometheus-'));
  const config = `global: {scrape_interval: 1s}\nscrape_configs: [{job_name: heddle, metrics_path: /stats/prometheus, static_configs: [{targets: ['127.0.0.1:${target}']}]}]\n`;
  await writeFile(join(folder, 'prometheus.yml'), config);
  const port = await freePort();
  const child = spawn(
    'prometheus',
    [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: 'ignore' },
  );
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const ask = async (query: string): Promise<Sample[]> => {
    try {
      const response = await fetch(`http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(query)}`);
      const { data } = (await response.json()) as {
        data: { result: { metric: Record<string, string>; value: [number, string] }[] };
      };
      return data.result.map(({ metric, value: [, value] }) => {
        const { __name__: _name, ...labels } = metric;
        return { metric: labels, value };
      });
    } catch {
      return []; // it is still starting
    }
  };
  return {
    query: async (query: string): Promise<Sample[]> => {
      for (let attempt = 0; attempt < 100; attempt++) {
        const found = await ask(query);
        if (found.length > 0) return found;
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
      throw new Error(`no answer to ${query}`);
    },
    stop: async () => {
      child.kill('SIGKILL');
      await exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

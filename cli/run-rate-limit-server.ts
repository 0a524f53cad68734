import type { CounterStore } from '../rate-limit/counter-store.ts';
import { MemoryStore } from '../rate-limit/memory-store.ts';
import { RateLimitMetrics, startMetricsServer } from '../rate-limit/metrics-server.ts';
import { RedisStore } from '../rate-limit/redis-store.ts';
import type { RunningRateLimitServer } from '../rate-limit/server.ts';
import { startRateLimitServer } from '../rate-limit/server.ts';
import { parseStoreAddress } from '../rate-limit/store-address.ts';
import { CliError, exitCodes } from './cli-error.ts';
import { styleFor } from './terminal/style.ts';

export interface RateLimitServerFlags {
  readonly listen: { readonly host: string; readonly port: number };
  readonly metricsListen: { readonly host: string; readonly port: number };
  /** As `parseStoreAddress` reads it. */
  readonly store: string;
}

/** How long Redis may take at the start until it is said that it is not there. */
const REDIS_START_MS = 3000;

/**
 * Runs a rate limit server until SIGTERM or SIGINT.
 *
 * @throws CliError exit code 2 when the port cannot be had or the store is none
 */
export async function runRateLimitServerUntilStopped({
  listen,
  metricsListen,
  store: text,
}: RateLimitServerFlags): Promise<void> {
  const { good, bad } = styleFor(process.stderr);
  const store = storeOf(text, (isThere, why) => {
    console.error(isThere ? `${good} redis reached` : `${bad} redis is away, requests are not counted: ${why}`);
  });
  const metrics = new RateLimitMetrics();
  const server = await start(listen, store, metrics);
  const page = await startMetricsServer(metrics, metricsListen).catch(async (cause: Error) => {
    await server.close();
    const where = `${metricsListen.host}:${metricsListen.port}`;
    const message = `cannot listen on ${where} for metrics: ${cause.message}`;
    throw new CliError(message, 'heddle rate-limit-server --metrics-listen 127.0.0.1:0', exitCodes.usage, { cause });
  });
  if (store instanceof RedisStore) await store.reached(REDIS_START_MS);
  const where = text === 'memory' ? 'memory' : 'redis';
  console.error(`${good} rate limit server   ${server.address} · counts in ${where}`);
  console.error(`${good} metrics             http://${metricsListen.host}:${page.port}/metrics`);
  await new Promise<void>((resolve) => {
    for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.once(name, () => resolve());
  });
  await page.close();
  await server.close();
}

function storeOf(text: string, onChange: (isThere: boolean, why: string) => void): CounterStore {
  const address = parseStoreAddress(text);
  if (address === null) {
    throw new CliError(
      `no such store: ${text.replace(/^.*@/s, '…@')}`,
      'heddle rate-limit-server --store redis://127.0.0.1:6379',
      exitCodes.usage,
    );
  }
  return address.kind === 'memory' ? new MemoryStore() : new RedisStore(address.redis, onChange);
}

async function start(
  listen: RateLimitServerFlags['listen'],
  store: CounterStore,
  metrics: RateLimitMetrics,
): Promise<RunningRateLimitServer> {
  try {
    return await startRateLimitServer({ ...listen, store, metrics });
  } catch (error) {
    await store.close();
    throw new CliError(
      `cannot listen on ${listen.host}:${listen.port}: ${(error as Error).message}`,
      'heddle rate-limit-server --listen 127.0.0.1:0',
      exitCodes.usage,
      { cause: error },
    );
  }
}

import { Server, ServerCredentials, status } from '@grpc/grpc-js';
import type { RateLimitServiceHandlers } from '../proto/generated/envoy/service/ratelimit/v3/RateLimitService.ts';
import { serviceDefinition } from '../proto/load.ts';
import { askerOf } from './asker.ts';
import { countRequest, ForbiddenError, QuestionError } from './count-request.ts';
import type { CounterStore } from './counter-store.ts';
import { StoreError } from './counter-store.ts';
import type { RateLimitMetrics } from './metrics-server.ts';

/**
 * A question is a few hundred bytes. The largest of one policy, 64 selectors of 16 headers with values of 256 characters, is
 * 600 kB: were it refused, a caller with long values would not be limited.
 */
const MAX_QUESTION_BYTES = 2 * 1024 * 1024;

export interface RateLimitServerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly store: CounterStore;
  /** Where answers are counted. */
  readonly metrics?: RateLimitMetrics;
  readonly now?: () => number;
}

export interface RunningRateLimitServer {
  readonly address: string;
  readonly port: number;
  /** Answers what was asked, and closes the store. */
  close(): Promise<void>;
}

/**
 * Serves Envoy's rate limit service, without encryption: it belongs on loopback, behind a sidecar. Rejects when the port
 * cannot be had.
 */
export async function startRateLimitServer(options: RateLimitServerOptions): Promise<RunningRateLimitServer> {
  const { host, store, metrics, now = Date.now } = options;
  const server = new Server({ 'grpc.max_receive_message_length': MAX_QUESTION_BYTES });
  const handlers: RateLimitServiceHandlers = {
    ShouldRateLimit: ({ request, metadata }, answer) => {
      const asker = askerOf(String(metadata.get('x-forwarded-client-cert').at(-1) ?? ''));
      countRequest(request, store, now(), asker).then(
        (response) => {
          metrics?.answered(response.overall_code === 'OVER_LIMIT' ? 'over_limit' : 'ok', request.descriptors.length);
          answer(null, response);
        },
        (error: Error) => {
          metrics?.answered(error instanceof StoreError ? 'store_error' : 'refused', request.descriptors.length);
          answer({ code: codeOf(error), details: error.message });
        },
      );
    },
  };
  server.addService(serviceDefinition('envoy.service.ratelimit.v3.RateLimitService'), { ...handlers });
  const bare = host.includes(':') ? `[${host}]` : host;
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`${bare}:${options.port}`, ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return {
    address: `${bare}:${port}`,
    port,
    close: async () => {
      await new Promise<void>((resolve) => {
        server.tryShutdown(() => resolve());
        setTimeout(() => server.forceShutdown(), 1000).unref();
      });
      await store.close();
    },
  };
}

function codeOf(error: Error): status {
  if (error instanceof QuestionError) return status.INVALID_ARGUMENT;
  if (error instanceof ForbiddenError) return status.PERMISSION_DENIED;
  return error instanceof StoreError ? status.UNAVAILABLE : status.INTERNAL;
}

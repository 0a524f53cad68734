import type { ForwardEnvironment, Tunnels } from '../forward/forward-environment.ts';
import { HttpExchange } from '../forward-http.ts';
import { defaultHeadLimits } from '../http1/head-limits.ts';
import { defaultHttp2Limits } from '../http2/http2-limits.ts';
import type { AcceptedConnection } from '../listener/accepted-connection.ts';
import type { HttpCodecOptions } from '../listener/http-codecs.ts';
import type { HeaderTrust } from '../message/header-trust.ts';

/**
 * How HTTP is spoken where these requests come in, and an exchange for each of them. The settings are those that are in
 * force when a connection begins. `tunnelsOf` is null where CONNECT is refused.
 */
export function httpCodecOptions(
  trust: HeaderTrust,
  environment: ForwardEnvironment,
  onRefused: HttpCodecOptions['connection']['onRefused'],
  tunnelsOf: ((connection: AcceptedConnection) => Tunnels) | null,
): HttpCodecOptions {
  return {
    connection: {
      trust,
      clock: environment.clock,
      get limits() {
        const { maxHeadBytes, maxHeaders } = environment.http;
        return { ...defaultHeadLimits, maxHeadBytes, maxHeaders };
      },
      get headerTimeoutMs() {
        return environment.http.requestHeadersTimeoutMs || Number.POSITIVE_INFINITY;
      },
      get idleTimeoutMs() {
        return environment.http.idleTimeoutMs || Number.POSITIVE_INFINITY;
      },
      describe: (failure, detail = '') =>
        environment.describe(failure, { service: '', rule: '', detail, isGrpc: false }),
      onRefused,
    },
    http2: {
      get limits() {
        return { ...defaultHttp2Limits, maxConcurrentStreams: environment.http.maxConcurrentStreams };
      },
      get streamIdleTimeoutMs() {
        return environment.http.streamIdleTimeoutMs || Number.POSITIVE_INFINITY;
      },
      get drainTimeoutMs() {
        return environment.http.drainTimeoutMs;
      },
      get maxRequests() {
        return environment.http.maxRequestsPerConnection;
      },
    },
    accept: (stream, connection) =>
      new HttpExchange(environment, stream, connection.peer, tunnelsOf === null ? null : tunnelsOf(connection)),
  };
}

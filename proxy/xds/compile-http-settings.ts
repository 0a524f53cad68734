import type { ProtoDuration } from '../../proto/duration.ts';
import { timerMs } from '../../proto/duration.ts';
import type { HttpConnectionManager__Output } from '../../proto/generated/envoy/extensions/filters/network/http_connection_manager/v3/HttpConnectionManager.ts';
import type { HttpSettings } from '../message/http-settings.ts';
import { defaultHttpSettings } from '../message/http-settings.ts';
import type { PathNormalization } from '../message/path-normalization.ts';

/** What a validated HttpConnectionManager says of connections and requests, routes and filters apart. */
export function compileHttpSettings(manager: HttpConnectionManager__Output): HttpSettings {
  const common = manager.common_http_protocol_options;
  const defaults = defaultHttpSettings;
  return {
    pathNormalization: compilePathNormalization(manager),
    headersWithUnderscores: underscoreActions[common?.headers_with_underscores_action ?? 'ALLOW'],
    maxHeadBytes: (manager.max_request_headers_kb?.value ?? 60) * 1_024,
    maxHeaders: common?.max_headers_count?.value ?? defaults.maxHeaders,
    requestHeadersTimeoutMs: msOr(manager.request_headers_timeout, defaults.requestHeadersTimeoutMs),
    requestTimeoutMs: msOr(manager.request_timeout, defaults.requestTimeoutMs),
    idleTimeoutMs: msOr(common?.idle_timeout ?? null, defaults.idleTimeoutMs),
    streamIdleTimeoutMs: msOr(manager.stream_idle_timeout, defaults.streamIdleTimeoutMs),
    maxRequestsPerConnection: common?.max_requests_per_connection?.value ?? 0,
    drainTimeoutMs: msOr(manager.drain_timeout, defaults.drainTimeoutMs),
    upgrades: new Set(
      manager.upgrade_configs
        .filter(({ enabled }) => enabled?.value ?? true)
        .map(({ upgrade_type: type }) => type.toLowerCase()),
    ),
    maxConcurrentStreams:
      manager.http2_protocol_options?.max_concurrent_streams?.value ?? defaults.maxConcurrentStreams,
  };
}

const underscoreActions = { ALLOW: 'allow', REJECT_REQUEST: 'reject', DROP_HEADER: 'drop' } as const;

const slashActions: Readonly<Record<string, PathNormalization['escapedSlashes'] | undefined>> = {
  REJECT_REQUEST: 'reject',
  UNESCAPE_AND_FORWARD: 'unescape',
};

function compilePathNormalization(manager: HttpConnectionManager__Output): PathNormalization | null {
  const escapedSlashes = slashActions[manager.path_with_escaped_slashes_action] ?? 'keep';
  const normalizePath = manager.normalize_path?.value ?? false;
  const { merge_slashes: mergeSlashes } = manager;
  return normalizePath || mergeSlashes || escapedSlashes !== 'keep'
    ? { normalizePath, mergeSlashes, escapedSlashes }
    : null;
}

function msOr(duration: ProtoDuration | null, otherwise: number): number {
  return duration === null ? otherwise : timerMs(duration);
}

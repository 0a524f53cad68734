import { describe, expect, it } from 'vitest';
import { pack } from '../../proto/any.ts';
import { RATE_LIMIT_FILTER, ROUTER_FILTER } from '../../proto/extension-names.ts';
import type { Input } from '../../proto/load.ts';
import { messageType } from '../../proto/load.ts';
import { goodConnectionManager } from '../../proto/testing/resources.ts';
import { LISTENER_TYPE_URL } from '../../proto/type-urls.ts';
import type { RateLimitQuestion } from '../filter/global-rate-limit.ts';
import { RequestHead } from '../message-head.ts';
import { decoded } from '../testing/decoded.ts';
import { withoutRequests } from './compile-filters.ts';
import { compileGlobalRateLimit, compileRateLimitService } from './compile-global-rate-limit.ts';
import { parseResource } from './parse-resource.ts';

const managerName = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
const name = 'envoy.extensions.filters.http.ratelimit.v3.RateLimit';

function manager(limit: Input<typeof name> | null): Input<typeof managerName> {
  return {
    ...goodConnectionManager(),
    http_filters: [
      ...(limit === null ? [] : [{ name: RATE_LIMIT_FILTER, typed_config: pack(name, limit) }]),
      { name: ROUTER_FILTER, typed_config: pack('envoy.extensions.filters.http.router.v3.Router', {}) },
    ],
  };
}

const counting: Input<typeof name> = {
  domain: 'heddle',
  rate_limit_service: { grpc_service: { envoy_grpc: { cluster_name: 'counting' } }, transport_api_version: 'V3' },
};

const compile = (limit: Input<typeof name> | null) => compileRateLimitService(decoded(managerName, manager(limit)));

describe('compileRateLimitService', () => {
  it('has the defaults of Envoy for what is not said', () => {
    expect(compile(counting)).toEqual({
      cluster: 'counting',
      authority: '',
      domain: 'heddle',
      timeoutMs: 20,
      denyOnFailure: false,
      grpcStatus: 14,
    });
  });

  it('takes all that can be said', () => {
    const all = {
      ...counting,
      timeout: { seconds: '1' },
      failure_mode_deny: true,
      rate_limited_as_resource_exhausted: true,
    };
    expect(compile(all)).toMatchObject({ timeoutMs: 1000, denyOnFailure: true, grpcStatus: 8 });
  });

  it('is null where nobody counts', () => {
    expect(compile(null)).toBeNull();
  });
});

describe('a listener whose requests are counted', () => {
  it('needs the cluster that counts them', () => {
    const bytes = messageType('envoy.config.listener.v3.Listener').encode({
      name: 'virtualOutbound',
      address: { socket_address: { address: '127.0.0.1', port_value: 15_001 } },
      filter_chains: [{ filters: [{ name: 'hcm', typed_config: pack(managerName, manager(counting)) }] }],
    });
    const raw = { typeUrl: LISTENER_TYPE_URL, name: 'virtualOutbound', version: '1', bytes };
    const parsed = parseResource(raw, 'cluster.local', 0);
    if (typeof parsed === 'string') throw new Error(parsed);
    expect(parsed.needs.map((need) => need.name)).toContain('counting');
  });
});

describe('compileGlobalRateLimit', () => {
  const route = decoded('envoy.config.route.v3.Route', {
    typed_per_filter_config: {
      [RATE_LIMIT_FILTER]: pack('envoy.extensions.filters.http.ratelimit.v3.RateLimitPerRoute', {
        rate_limits: [
          {
            actions: [
              { generic_key: { descriptor_key: 'rule', descriptor_value: '0' } },
              { extension: { typed_config: pack('heddle.v1.PeerPrincipal', {}) } },
              { extension: { typed_config: pack('heddle.v1.RequestRate', { requests_per_unit: 5, unit: 'HOUR' }) } },
            ],
          },
          {
            actions: [{ request_headers: { header_name: 'x-user', descriptor_key: 'user' } }],
            hits_addend: { number: { value: '7' } },
          },
        ],
      }),
    },
  });

  it('is null where the connection manager does not say who counts', () => {
    expect(compileGlobalRateLimit(route, withoutRequests)).toBeNull();
  });

  it('makes entries of actions, and the limit of a rate', () => {
    const asked: RateLimitQuestion[] = [];
    const config = compile(counting);
    if (config === null) throw new Error('no service');
    const service = {
      ask: (question: RateLimitQuestion) => {
        asked.push(question);
        return () => {};
      },
    };
    const filter = compileGlobalRateLimit(route, { ...withoutRequests, rateLimitService: { config, service } });
    const head = new RequestHead();
    head.block = 'x-user: me\r\n';
    const verdict = filter?.onRequest({ head, peer: { principal: 'spiffe://web', address: '' } });
    if (verdict?.kind === 'wait') verdict.start(() => {});
    expect(asked[0]?.descriptors).toEqual([
      {
        entries: [
          { key: 'rule', value: '0' },
          { key: 'peer_principal', value: 'spiffe://web' },
        ],
        limit: { requests_per_unit: 5, unit: 'HOUR' },
      },
      { entries: [{ key: 'user', value: 'me' }], limit: null, hits_addend: { value: '7' } },
    ]);
  });
});

import { describe, expect, it } from 'vitest';
import { localReply } from './local-reply.ts';

const context = {
  answeredBy: 'sidecar of web-1',
  service: 'cart.default.svc.cluster.local',
  rule: 'HTTPRoute/default/cart rule 0 (cart.yaml:12)',
  detail: 'señor',
  remedy: 'heddle stat cart',
  isGrpc: false,
};

describe('localReply', () => {
  it('names cause, service, rule and way out in a problem document of ASCII', () => {
    const { status, lines, body } = localReply('noHealthyUpstream', context);
    expect(status).toBe(503);
    expect(lines).toBe('content-type: application/problem+json\r\nx-heddle-reason: UH\r\n');
    expect(body).toContain('se\\u00f1or');
    expect(JSON.parse(body)).toEqual({
      type: 'https://heddle.dev/e/UH',
      title: 'No instance can take the request',
      status: 503,
      reason: 'noHealthyUpstream',
      answered_by: 'sidecar of web-1',
      service: 'cart.default.svc.cluster.local',
      rule: 'HTTPRoute/default/cart rule 0 (cart.yaml:12)',
      detail: 'señor',
      try: 'heddle stat cart',
    });
  });

  it.each(['overloaded', 'upstreamOverflow'] as const)('says of %s that there is no room', (failure) => {
    for (const isGrpc of [false, true]) {
      expect(localReply(failure, { ...context, isGrpc }).lines).toContain('\r\nx-envoy-overloaded: true\r\n');
    }
  });

  it('tells a gRPC client in headers alone', () => {
    const { status, lines, body } = localReply('noHealthyUpstream', { ...context, isGrpc: true });
    expect([status, body]).toEqual([200, '']);
    expect(lines.split('\r\n')).toEqual([
      'content-type: application/grpc',
      'grpc-status: 14',
      'grpc-message: No instance can take the request; se%C3%B1or; service cart.default.svc.cluster.local; HTTPRoute/default/cart rule 0 (cart.yaml:12); answered by sidecar of web-1; heddle stat cart',
      'x-heddle-reason: UH',
      '',
    ]);
  });
});

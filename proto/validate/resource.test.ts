import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_PACKED_BYTES } from '../any.ts';
import { messageType } from '../load.ts';
import {
  goodCluster,
  goodClusterLoadAssignment,
  goodListener,
  goodRouteConfiguration,
  goodSecret,
} from '../testing/resources.ts';
import type { ResourceTypeUrl } from '../type-urls.ts';
import {
  CLUSTER_LOAD_ASSIGNMENT_TYPE_URL,
  CLUSTER_TYPE_URL,
  LISTENER_TYPE_URL,
  ROUTE_CONFIGURATION_TYPE_URL,
  SECRET_TYPE_URL,
} from '../type-urls.ts';
import { validateResource } from './resource.ts';

const host = 'cart.default.svc.cluster.local';
const cluster = messageType('envoy.config.cluster.v3.Cluster').encode(goodCluster());
const good: [typeUrl: ResourceTypeUrl, name: string, bytes: Buffer][] = [
  [LISTENER_TYPE_URL, 'inbound|8080||', messageType('envoy.config.listener.v3.Listener').encode(goodListener())],
  [
    ROUTE_CONFIGURATION_TYPE_URL,
    `${host}:80`,
    messageType('envoy.config.route.v3.RouteConfiguration').encode(goodRouteConfiguration()),
  ],
  [CLUSTER_TYPE_URL, `outbound|80||${host}`, cluster],
  [
    CLUSTER_LOAD_ASSIGNMENT_TYPE_URL,
    `outbound|80||${host}`,
    messageType('envoy.config.endpoint.v3.ClusterLoadAssignment').encode(goodClusterLoadAssignment()),
  ],
  [SECRET_TYPE_URL, 'ROOTCA', messageType('envoy.extensions.transport_sockets.tls.v3.Secret').encode(goodSecret())],
];

describe('validateResource', () => {
  it.each(good)('accepts what the control plane makes: %s', (typeUrl, name, bytes) => {
    const { resource, violations } = validateResource(typeUrl, name, bytes);
    expect(violations).toEqual([]);
    expect(resource).not.toBeNull();
  });

  it('gives the decoded resource', () => {
    const { resource } = validateResource(CLUSTER_TYPE_URL, `outbound|80||${host}`, cluster);
    expect(resource?.connect_timeout).toEqual({ seconds: '5', nanos: 0 });
  });

  it('refuses a resource that goes by another name', () => {
    expect(validateResource(CLUSTER_TYPE_URL, 'outbound|80||other', cluster)).toEqual({
      resource: null,
      violations: [{ path: 'name', message: `is "outbound|80||${host}", and was asked for as "outbound|80||other"` }],
    });
  });

  it('refuses more than 4 MiB without looking at them', () => {
    const { violations } = validateResource(CLUSTER_TYPE_URL, 'a', Buffer.alloc(MAX_PACKED_BYTES + 1));
    expect(violations).toEqual([{ path: '', message: 'has 4194305 bytes, more than 4194304' }]);
  });

  it('does not decode what would become hundreds of times as much', () => {
    const emptyHosts = Buffer.alloc(MAX_PACKED_BYTES, Buffer.from([0x12, 0x00]));
    const started = process.memoryUsage().rss;
    const { violations } = validateResource(ROUTE_CONFIGURATION_TYPE_URL, 'a', emptyHosts);
    expect(violations).toEqual([{ path: '', message: 'holds messages of more than 3000000 fields' }]);
    expect(process.memoryUsage().rss - started).toBeLessThan(256 * 1024 * 1024);
  });

  it('quotes only the beginning of what is wrong', () => {
    const named = messageType('envoy.config.cluster.v3.Cluster').encode({
      name: 'a'.repeat(1_000_000),
      type: 'STATIC',
    });
    const { violations } = validateResource(CLUSTER_TYPE_URL, 'b', named);
    expect(violations.map(({ message }) => message.length)).toEqual([1001, 30]);
  });

  it('reports what the wire hides and what the validator finds together', () => {
    const bytes = Buffer.concat([
      messageType('envoy.config.cluster.v3.Cluster').encode({ name: 'a', connect_timeout: {} }),
      Buffer.from([0x98, 0x06, 0x01]), // field 99
    ]);
    expect(validateResource(CLUSTER_TYPE_URL, 'a', bytes).violations.map(({ path }) => path)).toEqual([
      '',
      'connect_timeout',
    ]);
  });

  it('answers malformed bytes with a violation', () => {
    const { resource, violations } = validateResource(CLUSTER_TYPE_URL, 'a', Buffer.from([0x22, 0x05, 0x08]));
    expect(resource).toBeNull();
    expect(violations[0]?.message).toMatch(/^is malformed: /);
  });

  it('throws nothing for bytes that were changed on the way, and gives either a resource or violations', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...good),
        fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 8 }),
        fc.option(fc.nat()),
        ([typeUrl, name, original], changes, cut) => {
          const bytes = Buffer.from(original);
          for (const [position, value] of changes) {
            bytes[position % bytes.length] = value;
          }
          const received = cut === null ? bytes : bytes.subarray(0, cut % bytes.length);
          const { resource, violations } = validateResource(typeUrl, name, received);
          expect(resource === null).toBe(violations.length > 0);
        },
      ),
      { numRuns: 1000 },
    );
  });
});

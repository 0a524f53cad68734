import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pack } from '../any.ts';
import type { Input, MessageName } from '../load.ts';
import { messageType } from '../load.ts';
import type { Violation } from '../violation.ts';
import { root, Violations } from '../violation.ts';
import { checkWire } from './unknown-fields.ts';

const ROUTES = 'envoy.config.route.v3.RouteConfiguration';

function walk(name: MessageName, bytes: Uint8Array): Violation[] {
  const violations = new Violations();
  checkWire(bytes, name, root, violations);
  return violations.list();
}

function encode<Name extends MessageName>(name: Name, message: Input<Name>): Buffer {
  return messageType(name).encode(message);
}

/** A field of bytes, as it stands on the wire. */
function field(number: number, ...contents: Uint8Array[]): Buffer {
  const body = Buffer.concat(contents);
  return Buffer.concat([varint(number * 8 + 2), varint(body.length), body]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) {
    bytes.push((rest % 128) + 128);
  }
  return Buffer.from([...bytes, rest]);
}

describe('checkWire', () => {
  it('finds nothing in what the contract itself encodes', () => {
    const routes = encode(ROUTES, {
      name: 'a:80',
      virtual_hosts: [
        {
          name: 'a',
          domains: ['*'],
          routes: [
            {
              match: { path_separated_prefix: '/x', headers: [{ name: ':method', string_match: { exact: 'GET' } }] },
              route: { cluster: 'c', retry_policy: { retriable_status_codes: [500, 503] } },
              metadata: { filter_metadata: { heddle: { fields: { rule: { numberValue: 1 } } } } },
            },
          ],
        },
      ],
    });
    expect(walk(ROUTES, routes)).toEqual([]);
  });

  it('names the message, the number and the place of a field outside the subset', () => {
    const metadataMatch = field(4, field(1, Buffer.from('shadow')));
    const route = field(2, metadataMatch);
    const host = field(2, field(3, field(1), Buffer.alloc(0)), field(3, route));
    expect(walk(ROUTES, host)).toEqual([
      {
        path: 'virtual_hosts[0].routes[1].route',
        message: 'has field 4, which is outside the subset of envoy.config.route.v3.RouteAction',
      },
    ]);
  });

  it('goes through an Any of a known type, and its path goes on', () => {
    const HCM = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
    const manager = pack(HCM, { route_config: { name: 'r' } });
    const listener = encode('envoy.config.listener.v3.Listener', {
      filter_chains: [
        { filters: [{ typed_config: { ...manager, value: Buffer.concat([manager.value, field(77)]) } }] },
      ],
    });
    expect(walk('envoy.config.listener.v3.Listener', listener)).toEqual([
      {
        path: 'filter_chains[0].filters[0].typed_config',
        message: `has field 77, which is outside the subset of ${HCM}`,
      },
    ]);
  });

  it('leaves an Any of another type alone', () => {
    const typed_config = { type_url: 'type.googleapis.com/some.other.Message', value: Buffer.from([0xff]) };
    const bytes = encode('envoy.config.core.v3.TypedExtensionConfig', { name: 'other', typed_config });
    expect(walk('envoy.config.core.v3.TypedExtensionConfig', bytes)).toEqual([]);
  });

  it('names the key of a map entry', () => {
    const entry = Buffer.concat([field(1, Buffer.from('heddle')), field(2, field(9))]);
    expect(walk('envoy.config.core.v3.Metadata', field(1, entry))).toEqual([
      {
        path: 'filter_metadata["heddle"]',
        message: 'has field 9, which is outside the subset of google.protobuf.Struct',
      },
    ]);
  });

  it('finds enum values without a name', () => {
    expect(walk('envoy.config.cluster.v3.Cluster', Buffer.from([6 * 8, 99]))).toEqual([
      { path: 'lb_policy', message: 'has the value 99, which is outside the subset' },
    ]);
  });

  it('finds two members of one oneof, which the decoder keeps both', () => {
    const DATA = 'envoy.config.core.v3.DataSource';
    const both = Buffer.concat([
      encode(DATA, { inline_string: 'a' }),
      encode(DATA, { inline_bytes: Buffer.from('b') }),
    ]);
    expect(walk(DATA, both)).toEqual([
      { path: '', message: 'has both inline_string and inline_bytes, and only one of them may be set' },
    ]);
  });

  it('finds what stands more than once', () => {
    const name = field(1, Buffer.from('a'));
    expect(walk('envoy.config.cluster.v3.Cluster', Buffer.concat([name, name, name]))).toEqual([
      { path: 'name', message: 'stands more than once' },
    ]);
  });

  it('finds text that is not UTF-8', () => {
    expect(walk('envoy.config.cluster.v3.Cluster', field(1, Buffer.from([0xc3, 0x28])))).toEqual([
      { path: 'name', message: 'is not UTF-8' },
    ]);
  });

  it('takes a list of numbers packed or one by one', () => {
    const RETRY = 'envoy.config.route.v3.RetryPolicy';
    const single = Buffer.concat([varint(7 * 8), varint(503), varint(7 * 8), varint(504)]);
    const packed = field(7, varint(503), varint(504));
    for (const bytes of [single, packed]) {
      expect(walk(RETRY, bytes)).toEqual([]);
      expect(messageType(RETRY).decode(bytes).retriable_status_codes).toEqual([503, 504]);
    }
  });

  it.each([
    ['a string that is cut short', Buffer.from([0x0a, 0x7f, 0x61])],
    ['a length that is cut short', Buffer.from([0x0a, 0x80])],
    ['a number without an end', Buffer.from([0x30, ...Array<number>(10).fill(0x80), 0x01])],
    ['field number 0', Buffer.from([0x02, 0x00])],
    ['a group', Buffer.from([0x0b, 0x0c])],
    ['wire type 7', Buffer.from([0x0f])],
    ['a number where text belongs', Buffer.from([0x08, 0x01])],
    ['text where a number belongs', field(6, Buffer.from('x'))],
    ['a fixed32 that is cut short', Buffer.from([0x0d, 1, 2])],
  ])('calls %s malformed', (_what, bytes) => {
    const [violation, ...more] = walk('envoy.config.cluster.v3.Cluster', bytes);
    expect(violation?.message).toMatch(/^is malformed: /);
    expect(more).toEqual([]);
  });

  it('stops at 64 messages within each other', () => {
    let value = encode('google.protobuf.Value', { numberValue: 1 });
    for (let level = 0; level < 200; level += 1) {
      value = field(6, field(1, value));
    }
    const [violation, ...more] = walk('google.protobuf.Value', value);
    expect(violation?.message).toBe('is more than 64 messages deep');
    expect(more).toEqual([]);
  });

  it('throws nothing, whatever the bytes are', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.constantFrom<MessageName>(ROUTES, 'envoy.config.cluster.v3.Cluster'),
        (bytes, name) => {
          walk(name, bytes);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('finds every field that is added to a valid message, wherever it is added', () => {
    const cluster = encode('envoy.config.cluster.v3.Cluster', { name: 'a', type: 'EDS', alt_stat_name: 'b' });
    fc.assert(
      fc.property(
        fc.integer({ min: 60, max: 2 ** 29 - 1 }),
        fc.uint8Array({ maxLength: 10 }),
        fc.boolean(),
        (number, body, first) => {
          const extra = field(number, body);
          const bytes = Buffer.concat(first ? [extra, cluster] : [cluster, extra]);
          expect(walk('envoy.config.cluster.v3.Cluster', bytes)).toEqual([
            {
              path: '',
              message: `has field ${number}, which is outside the subset of envoy.config.cluster.v3.Cluster`,
            },
          ]);
        },
      ),
    );
  });
});

import { join } from 'node:path';
import type { MessageTypeDefinition } from '@grpc/proto-loader';
import { loadSync } from '@grpc/proto-loader';
import { durationToMs } from '../../../proto/duration.ts';
import type { MessageName } from '../../../proto/load.ts';
import { messageType } from '../../../proto/load.ts';
import { fromStruct } from '../../../proto/struct.ts';
import { messageNameOf } from '../../../proto/type-urls.ts';
import type { EncodedResource } from '../encoded-resource.ts';

/** Decodes to what is on the wire and nothing else, where the contract's own loader fills in defaults. */
const bareContract = loadSync('contract.proto', {
  includeDirs: [join(import.meta.dirname, '../../../proto')],
  keepCase: true,
  longs: String,
  enums: String,
});

type Fields = Readonly<Record<string, unknown>>;

/**
 * The resource as a reader would write it: only what is set, wrappers as their value, durations as text, Any and Struct
 * opened. Made from the encoded bytes, so it shows what a client gets.
 */
export function readable(resource: EncodedResource): unknown {
  return readableBytes(resource.typeUrl, resource.bytes);
}

function readableBytes(typeUrl: string, bytes: Buffer): Fields {
  const name = messageNameOf(typeUrl) as MessageName;
  const bare = (bareContract[name] as MessageTypeDefinition<object, Fields>).deserialize(bytes);
  return readableFields(bare, messageType(name).decode(bytes) as unknown as Fields);
}

/** `full` is the same value with its defaults, which tell a duration of 0 from another empty message. */
function readableValue(bare: unknown, full: unknown): unknown {
  if (Array.isArray(bare)) {
    return bare.map((element, index) => readableValue(element, (full as unknown[])[index]));
  }
  if (typeof bare !== 'object' || bare === null) {
    return bare;
  }
  const message = full as Fields;
  switch (Object.keys(message).sort().join()) {
    case 'nanos,seconds':
      return `${durationToMs(full as { seconds: string; nanos: number }) / 1000}s`;
    case 'value':
      return message.value;
    case 'fields':
      return fromStruct(full as Parameters<typeof fromStruct>[0]);
    case 'type_url,value': {
      const typeUrl = message.type_url as string;
      return { '@type': messageNameOf(typeUrl), ...readableBytes(typeUrl, message.value as Buffer) };
    }
    default:
      return readableFields(bare as Fields, message);
  }
}

/** The name, then other plain values, then what has an inside. */
function readableFields(bare: Fields, full: Fields): Fields {
  const fields = Object.entries(bare).map(([key, value]) => [key, readableValue(value, full[key])] as const);
  const rank = ([key, value]: readonly [string, unknown]) => (key === 'name' ? 0 : typeof value === 'object' ? 2 : 1);
  return Object.fromEntries(fields.sort((a, b) => rank(a) - rank(b)));
}

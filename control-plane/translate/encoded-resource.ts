import { createHash } from 'node:crypto';
import type { Input } from '../../proto/load.ts';
import { messageType } from '../../proto/load.ts';
import type { MessageNameOf, ResourceTypeUrl } from '../../proto/type-urls.ts';

/** A resource as it goes over the wire, made once and shared by all who get it. */
export interface EncodedResource {
  readonly name: string;
  readonly typeUrl: ResourceTypeUrl;
  /** Of the bytes: equal versions are equal resources, whichever control plane made them. 16 hexadecimal digits. */
  readonly version: string;
  /** The message; `value` of the `google.protobuf.Any` that carries it. */
  readonly bytes: Buffer;
}

/** Returns `previous` itself when nothing has changed, so that a version is not worked out twice. */
export function encodeResource<Url extends ResourceTypeUrl>(
  typeUrl: Url,
  name: string,
  message: Input<MessageNameOf<Url>>,
  previous: EncodedResource | undefined,
): EncodedResource {
  // The type URL of a resource is that of its message, which the type checker does not see through the prefix.
  const messageName = typeUrl.slice(typeUrl.indexOf('/') + 1) as MessageNameOf<Url>;
  const bytes = messageType(messageName).encode(message);
  if (previous?.bytes.equals(bytes)) {
    return previous;
  }
  const version = createHash('sha256').update(bytes).digest('hex').slice(0, 16);
  return Object.freeze({ name, typeUrl, version, bytes });
}

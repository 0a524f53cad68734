import type { Input, MessageName, Output } from '../../proto/load.ts';
import { messageType } from '../../proto/load.ts';

/** A message as it is after a journey over the wire: every field there, defaults filled in. */
export function decoded<Name extends MessageName>(name: Name, message: Input<Name>): Output<Name> {
  const type = messageType(name);
  return type.decode(type.encode(message));
}

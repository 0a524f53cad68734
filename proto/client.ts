import { makeClientConstructor } from '@grpc/grpc-js';
import type { ClientOf, ServiceName } from './load.ts';
import { serviceDefinition } from './load.ts';

/**
 * The grpc-js client class of one of our services: `new (clientOf('heddle.v1.IdentityService'))(address, credentials)`.
 *
 * Apart from load.ts, so that a program that only reads messages does not load grpc-js.
 */
export function clientOf<Name extends ServiceName>(name: Name): ClientOf<Name> {
  // makeClientConstructor knows no method names; the generated type of the same service does.
  return makeClientConstructor(serviceDefinition(name) as never, name) as unknown as ClientOf<Name>;
}

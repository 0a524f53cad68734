import { isIP } from 'node:net';
import type { Address__Output } from '../generated/envoy/config/core/v3/Address.ts';
import type { Path, Violations } from '../violation.ts';
import { requireOneOf } from './field-checks.ts';

/**
 * A TCP address that needs no look-up, unless `names` may stand for it. `minPort` is 0 where any free port will do, and 1 where
 * someone has to dial it.
 */
export function requireAddress(
  address: Address__Output | null,
  at: Path,
  violations: Violations,
  minPort: 0 | 1,
  names: 'no names' | 'names' = 'no names',
): void {
  const socket = address?.socket_address;
  if (!socket) {
    violations.add(at.field('socket_address'), 'is required');
    return;
  }
  const socketAt = at.field('socket_address');
  requireOneOf(socket.protocol, ['TCP'], socketAt.field('protocol'), violations);
  if (isIP(socket.address) === 0 && !(names === 'names' && hostName.test(socket.address))) {
    violations.add(socketAt.field('address'), `is not an IP address: ${JSON.stringify(socket.address.slice(0, 100))}`);
  }
  const port = socket.port_value;
  if (port === undefined || port < minPort || port > 65535) {
    violations.add(socketAt.field('port_value'), `must be between ${minPort} and 65535, and is ${port ?? 'not set'}`);
  }
}

/** As resolvers take them: RFC 1123, and underscores, which some networks have. */
const hostName = /^(?=.{1,253}$)([a-z0-9_]([-a-z0-9_]{0,61}[a-z0-9])?\.)*[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/i;

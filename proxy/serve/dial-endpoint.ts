import { hostAndPort } from '../../proto/host-and-port.ts';
import { ALPN_HTTP1, ALPN_HTTP2, ALPN_TCP } from '../../proto/names.ts';
import type { ClusterEnvironment } from '../cluster/cluster.ts';
import type { IdentityHolder } from '../tls/mesh-identity.ts';
import type { SessionCache } from '../tls/session-cache.ts';
import { dialMesh, dialPlain } from '../upstream/dial.ts';
import type { OriginEnvironment } from '../upstream/dial-origin.ts';
import { dialOrigin } from '../upstream/dial-origin.ts';
import type { OwnAddresses } from './own-addresses.ts';

/** What a dialler offers: exactly what it is going to speak. */
const meshAlpn = { http1: ALPN_HTTP1, http2: ALPN_HTTP2, tcp: ALPN_TCP } as const;

/**
 * Connections to endpoints: by mutual TLS to what is behind a sidecar, by TLS to what is outside where its cluster says so,
 * and otherwise as they are. An endpoint behind a sidecar is never spoken to in plaintext, whatever its cluster lacks.
 */
export function dialEndpoint(
  identity: IdentityHolder,
  sessions: SessionCache,
  origins: OriginEnvironment,
  own: OwnAddresses,
): ClusterEnvironment['dial'] {
  return (
    { name, connectTimeoutMs, tcpKeepaliveMs: keepaliveMs, meshTls, originTls },
    { address, port, isMeshed },
    protocol,
    result,
  ) => {
    const target = { address, port, connectTimeoutMs, keepaliveMs };
    if (!isMeshed) {
      // somebody who wrote this down as an instance would have requests go round here for ever
      if (own.isListener(address, port)) {
        result.onDialFailed('forbiddenDestination', `${hostAndPort(address, port)} is this sidecar`);
      } else if (originTls !== null) dialOrigin(target, originTls, protocol, origins, result);
      else dialPlain(target, result);
    } else if (meshTls === null) {
      result.onDialFailed('identityRefused', 'the cluster has no TLS for meshed endpoints');
    } else if (!meshTls.alpnProtocols.includes(meshAlpn[protocol])) {
      result.onDialFailed('protocolNotAllowed', `${name} takes ${meshTls.alpnProtocols.join(', ')}`);
    } else {
      dialMesh({ ...target, ...meshTls, alpnProtocols: [meshAlpn[protocol]] }, identity, sessions, result);
    }
  };
}

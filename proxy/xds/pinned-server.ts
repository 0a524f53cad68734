import type { Buffer } from 'node:buffer';
import { isIP } from 'node:net';
import { connect } from 'node:tls';
import { peerChain } from '../../certs/peer-chain.ts';
import { expectIdentity, validateSvid } from '../../certs/svid.ts';
import { verifyPinnedChain } from '../../certs/trust-bundle.ts';
import { controlPlaneSpiffeId } from '../../proto/names.ts';
import type { JoinToken } from './join-token.ts';

/** The server answers, and is not the control plane that the token speaks of. The message says what differs. */
export class PinnedServerError extends Error {
  override readonly name = 'PinnedServerError';
}

const timeoutMs = 10_000;

/**
 * Meets the control plane for the first time: connects over TLS 1.3, looks at the chain that the server shows, and
 * answers the root that it ends in, once that root is the pinned one and the server's own certificate says that it is
 * the control plane of the token's trust domain. Otherwise throws {@link PinnedServerError}, or an Error when nothing
 * answers.
 *
 * TLS itself verifies nothing here, since there is nothing yet to verify with; nothing is sent either. The token goes
 * over a second connection, on which this root is the only one trusted.
 */
export async function fetchPinnedRoot(token: JoinToken, nowMs: number): Promise<Buffer> {
  const chain = await presentedChain(token.address);
  const pinned = verifyPinnedChain(chain, token.rootFingerprintHex, nowMs);
  if (!pinned.ok) {
    throw new PinnedServerError(`${token.address} is not the control plane of this token: ${pinned.reason}`);
  }
  const svid = validateSvid(chain[0] as Buffer, { trustDomains: token.trustDomain, nowMs });
  const identity = svid.ok ? expectIdentity(svid.id, [controlPlaneSpiffeId(token.trustDomain)]) : svid;
  if (!identity.ok) {
    throw new PinnedServerError(`${token.address} is not the control plane of this token: ${identity.reason}`);
  }
  return pinned.root;
}

/** Host and port of `host:port`, without the brackets of IPv6. */
export function splitAddress(address: string): { host: string; port: number } {
  const colon = address.lastIndexOf(':');
  return { host: address.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(address.slice(colon + 1)) };
}

function presentedChain(address: string): Promise<Buffer[]> {
  const { host, port } = splitAddress(address);
  return new Promise((resolve, reject) => {
    const socket = connect({
      host,
      port,
      // RFC 6066 section 3: an IP address is not a server name.
      ...(isIP(host) === 0 ? { servername: host } : {}),
      minVersion: 'TLSv1.3',
      ALPNProtocols: ['h2'],
      rejectUnauthorized: false,
      timeout: timeoutMs,
    });
    const fail = (reason: string, cause?: Error) => {
      socket.destroy();
      reject(new Error(`${address}: ${reason}`, { cause }));
    };
    // A connect timeout of the socket's own watches idleness; this one bounds the whole meeting.
    const timer = setTimeout(() => fail(`no TLS handshake within ${timeoutMs} ms`), timeoutMs);
    socket.on('close', () => clearTimeout(timer));
    socket.on('error', (error) => fail(error.message, error));
    socket.on('secureConnect', () => {
      const chain = peerChain(socket);
      socket.destroy();
      resolve(chain);
    });
  });
}

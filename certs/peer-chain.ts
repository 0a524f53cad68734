import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';

/** Twice what any chain of ours has; a peer that sends more is cut off here and refused later. */
const maxPresented = 8;

/**
 * The DER of the certificates that the peer presented, its leaf first. Empty when it presented none, and on a
 * **client** whose session was resumed: there Node returns nothing, so the client must remember what it verified
 * when the session began. On a server a resumed session still has the leaf, and the leaf alone.
 *
 * `socket.authorized` does not stand in for this. On a server it is true for every resumed TLS 1.3 session
 * without a client certificate, although nobody was authorized (Node 20, `VerifyPeerCertificate`).
 */
export function peerChain(socket: TLSSocket): Buffer[] {
  const chain: Buffer[] = [];
  let certificate: X509Certificate | undefined = socket.getPeerX509Certificate();
  while (certificate !== undefined && chain.length < maxPresented) {
    chain.push(certificate.raw);
    certificate = certificate.issuerCertificate;
  }
  return chain;
}

import type { X509Certificate } from 'node:crypto';
import type { PeerCertificate, TLSSocket } from 'node:tls';

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

/**
 * The DER of the leaf that the peer presented; null when it presented none. To be asked on a server, where it is there for
 * resumed sessions too.
 *
 * `getPeerX509Certificate` would say the same, but on Node 20 each call loses 6 KB that nothing frees: a server that asks it
 * at every handshake grows for ever. This one also takes half the time, for it does not build the chain.
 */
export function peerLeaf(socket: TLSSocket): Buffer | null {
  // null once the socket is gone, and an empty object without a certificate, whatever its type says
  const certificate = socket.getPeerCertificate() as PeerCertificate | null;
  return certificate?.raw ?? null;
}

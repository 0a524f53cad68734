import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Authority } from '../../../certs/authority.ts';
import { backdateMs, createIssuer, createRoot, defaultLeafTtlMs } from '../../../certs/authority.ts';
import { randomSerial, writeCertificate } from '../../../certs/certificate-writer.ts';
import { generateKeyPair, privateKeyToPem } from '../../../certs/key-pair.ts';
import { oids } from '../../../certs/object-identifier.ts';
import { toPem } from '../../../certs/pem.ts';
import type { ClientTls } from '../peer.ts';

/** Where the files of a chain of two proxies lie. */
export interface PeerCertificates {
  /** The root that both hops trust. */
  readonly rootFile: string;
  /** Chain and key in one file, as HAProxy takes them; nginx takes the same file for both. */
  readonly outboundFile: string;
  readonly inboundFile: string;
}

/** What the inbound hop's certificate is called, and the outbound hop insists on. */
export const inboundName = 'inbound.bench.internal';
const outboundName = 'outbound.bench.internal';

/** What their SPIFFE ids are, for proxies that know of such. */
export const inboundUri = uriOf(inboundName);
export const outboundUri = uriOf(outboundName);

function uriOf(name: string): string {
  return `spiffe://bench.internal/ns/default/sa/${name}`;
}

/** The load in the place of the outbound hop. */
export function benchClient({ rootFile, outboundFile }: PeerCertificates): ClientTls {
  return { rootFile, identityFile: outboundFile, serverName: inboundName, alpn: 'http/1.1' };
}

/**
 * Makes root, issuing authority and one leaf for either hop: P-256 and chains of three, the same as between sidecars.
 *
 * The leaves differ from a sidecar's in one respect: their subject has a common name, because nginx and HAProxy know
 * nothing of SPIFFE ids and check a server by its host name.
 */
export function writePeerCertificates(folder: string): PeerCertificates {
  const root = createRoot({ trustDomain: 'bench.internal' });
  const issuer = createIssuer(root);
  const write = (name: string, content: string) => {
    const file = join(folder, name);
    writeFileSync(file, content, { mode: 0o600 });
    return file;
  };
  return {
    rootFile: write('root.pem', toPem('CERTIFICATE', root.certificate.der)),
    outboundFile: write('outbound.pem', leafPem(issuer, outboundName)),
    inboundFile: write('inbound.pem', leafPem(issuer, inboundName)),
  };
}

function leafPem(issuer: Authority, commonName: string): string {
  const { privateKey, publicKey } = generateKeyPair();
  const nowMs = Date.now();
  const der = writeCertificate(
    {
      serial: randomSerial(),
      subject: [{ oid: oids.commonName, text: commonName }],
      issuer: issuer.certificate.subject,
      notBeforeMs: nowMs - backdateMs,
      notAfterMs: nowMs + defaultLeafTtlMs,
      publicKey,
      issuerPublicKey: issuer.publicKey,
      authority: null,
      keyUsage: ['digitalSignature'],
      extendedKeyUsage: [oids.serverAuth, oids.clientAuth],
      uriSans: [uriOf(commonName)],
      extensions: [],
    },
    issuer.privateKey,
  );
  return toPem('CERTIFICATE', der) + toPem('CERTIFICATE', issuer.certificate.der) + privateKeyToPem(privateKey);
}

import type { CertificateContent } from '../certificate-writer.ts';
import { bitString, encodeDer } from '../der-writer.ts';
import { oids } from '../object-identifier.ts';

const hourMs = 3_600_000;

export interface WrongLeaf {
  readonly what: string;
  readonly wrong: Partial<CertificateContent>;
  readonly reason: RegExp;
}

const withUri = (what: string, uri: string, reason: RegExp): WrongLeaf => ({ what, wrong: { uriSans: [uri] }, reason });

/** An id of exactly this many bytes, in the trust domain of the test mesh. */
export function longId(bytes: number): string {
  return 'spiffe://shop.local/'.padEnd(bytes, 'a');
}

/**
 * Leaves signed by the right authority of `shop.local` that must not authenticate anybody, and what the reason
 * has to say. TLS itself lets nearly all of them pass.
 */
export const wrongLeaves: readonly WrongLeaf[] = [
  {
    what: 'two URI names',
    wrong: { uriSans: ['spiffe://shop.local/ns/default/sa/cart', 'spiffe://shop.local/ns/default/sa/web'] },
    reason: /2 URI names instead of exactly one/,
  },
  { what: 'no URI name', wrong: { uriSans: [] }, reason: /0 URI names/ },
  { what: 'the CA bit', wrong: { authority: { pathLength: 0 } }, reason: /is an authority/ },
  { what: 'keyCertSign', wrong: { keyUsage: ['digitalSignature', 'keyCertSign'] }, reason: /has keyCertSign/ },
  { what: 'cRLSign', wrong: { keyUsage: ['digitalSignature', 'cRLSign'] }, reason: /cRLSign/ },
  { what: 'no keyUsage', wrong: { keyUsage: [] }, reason: /keyUsage is missing/ },
  {
    what: 'a keyUsage that is not critical',
    wrong: {
      keyUsage: [],
      extensions: [{ oid: oids.keyUsage, value: encodeDer(bitString(Buffer.from([0x80]), 7)) }],
    },
    reason: /not critical/,
  },
  { what: 'a keyUsage without digitalSignature', wrong: { keyUsage: ['keyAgreement'] }, reason: /digitalSignature/ },
  { what: 'serverAuth alone', wrong: { extendedKeyUsage: [oids.serverAuth] }, reason: /clientAuth/ },
  { what: 'clientAuth alone', wrong: { extendedKeyUsage: [oids.clientAuth] }, reason: /serverAuth/ },
  withUri('a foreign trust domain', 'spiffe://other.local/ns/default/sa/cart', /other\.local is neither ours nor/),
  withUri('an id without a path', 'spiffe://shop.local', /path is missing/),
  withUri('an id with an empty path', 'spiffe://shop.local/', /trailing slash/),
  withUri('a trailing slash', 'spiffe://shop.local/ns/default/sa/cart/', /trailing slash/),
  withUri('an empty segment', 'spiffe://shop.local/ns//sa/cart', /empty segment/),
  withUri('percent-encoding', 'spiffe://shop.local/ns/default/sa/%63art', /letters, digits/),
  withUri('a dot segment', 'spiffe://shop.local/ns/default/../sa/cart', /dot segment/),
  withUri('an upper-case trust domain', 'spiffe://Shop.local/ns/default/sa/cart', /lower-case/),
  withUri('an upper-case scheme', 'SPIFFE://shop.local/ns/default/sa/cart', /scheme/),
  withUri('a query', 'spiffe://shop.local/ns/default/sa/cart?a=b', /letters, digits/),
  withUri('a fragment', 'spiffe://shop.local/ns/default/sa/cart#a', /letters, digits/),
  withUri('a port', 'spiffe://shop.local:443/ns/default/sa/cart', /trust domain may have/),
  withUri('a user', 'spiffe://cart@shop.local/ns/default/sa/cart', /trust domain may have/),
  withUri('another scheme', 'https://shop.local/ns/default/sa/cart', /scheme/),
  withUri('a NUL', 'spiffe://shop.local/ns/default/sa/cart\0.evil', /letters, digits/),
  withUri('a byte above ASCII', 'spiffe://shop.local/ns/default/sa/c\xe4rt', /letters, digits/),
  withUri('an id of 2049 bytes', longId(2049), /longer than 2048 bytes/),
  { what: 'a validity that is over', wrong: { notAfterMs: Date.now() - hourMs / 2 }, reason: /expired at/ },
  {
    what: 'a validity that has not begun',
    wrong: { notBeforeMs: Date.now() + hourMs / 2 },
    reason: /not valid before/,
  },
];

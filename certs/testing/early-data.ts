import { Buffer } from 'node:buffer';

/** `max_early_data [15] INTEGER` of OpenSSL's SSL_SESSION: 16 384 bytes. */
const maxEarlyData = Buffer.from([0xaf, 0x04, 0x02, 0x02, 0x40, 0x00]);

/**
 * A session as `openssl s_client -sess_out` writes it, which allows 0-RTT now: whoever has stolen or kept it may try, though
 * the server never said so.
 */
export function allowingEarlyData(sessionPem: string): string {
  const der = Buffer.from(sessionPem.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  const [body, end] = contentOf(der, 0);
  let at = body;
  // fields stand in the order of their numbers
  while (at < end && (der[at] as number) < (maxEarlyData[0] as number)) at = contentOf(der, at)[1];
  const content = Buffer.concat([der.subarray(body, at), maxEarlyData, der.subarray(at, end)]);
  const header = Buffer.from([0x30, 0x82, content.length >> 8, content.length & 255]);
  const lines =
    Buffer.concat([header, content])
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return ['-----BEGIN SSL SESSION PARAMETERS-----', ...lines, '-----END SSL SESSION PARAMETERS-----', ''].join('\n');
}

/** Where the content of an element begins and ends (X.690 section 8.1.3, definite form). */
function contentOf(der: Buffer, at: number): [begin: number, end: number] {
  const short = der[at + 1] as number;
  if (short < 0x80) return [at + 2, at + 2 + short];
  const begin = at + 2 + (short & 0x7f);
  return [begin, begin + der.readUIntBE(at + 2, short & 0x7f)];
}

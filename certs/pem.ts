/** What stands between `-----BEGIN` and `-----` in the files we read and write (RFC 7468). */
export type PemLabel = 'CERTIFICATE' | 'CERTIFICATE REQUEST';

/** The text is no PEM, has no block of the kind asked for, or is too large. */
export class InvalidPemError extends Error {
  override readonly name = 'InvalidPemError';
}

/** Room for dozens of authorities; a file beyond that is a mistake. */
const maxPemBytes = 256 * 1024;

export function toPem(label: PemLabel, der: Uint8Array): string {
  const lines =
    Buffer.from(der.buffer, der.byteOffset, der.byteLength)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}

/**
 * The DER of every block with this label, in the order of the text; at least one. Blocks of other kinds and
 * text between blocks are passed over, as RFC 7468, section 2 allows.
 */
export function fromPem(label: PemLabel, text: string): Buffer[] {
  if (text.length > maxPemBytes) {
    throw new InvalidPemError(`${text.length} bytes of PEM; at most ${maxPemBytes} are read`);
  }
  const begin = `-----BEGIN ${label}-----`;
  const end = `-----END ${label}-----`;
  const blocks: Buffer[] = [];
  for (let at = text.indexOf(begin); at !== -1; at = text.indexOf(begin, at)) {
    const bodyStart = at + begin.length;
    const bodyEnd = text.indexOf(end, bodyStart);
    const body = bodyEnd === -1 ? '' : text.slice(bodyStart, bodyEnd).replace(/\s+/g, '');
    const der = Buffer.from(body, 'base64');
    // Buffer.from skips what is not base64; a block that does not come back as it went in was damaged.
    if (der.length === 0 || der.toString('base64') !== body) {
      throw new InvalidPemError(`block ${blocks.length + 1} of kind ${label} is cut off or damaged`);
    }
    blocks.push(der);
    at = bodyEnd + end.length;
  }
  if (blocks.length === 0) {
    throw new InvalidPemError(`no PEM block of kind ${label}`);
  }
  return blocks;
}

import type { KeyObject } from 'node:crypto';
import { readCertificate } from '../certificate.ts';
import { extension, signed } from '../certificate-writer.ts';
import { DerReader, tags } from '../der-reader.ts';
import * as der from '../der-writer.ts';

/** Takes a certificate apart into its fields and signs what `change` makes of them: any fault a certificate can have. */
export function rebuild(certificate: Buffer, signer: KeyObject, change: (fields: Buffer[]) => Buffer[]): Buffer {
  const tbs = new DerReader(readCertificate(certificate).tbs).enter(tags.sequence, 'tbs');
  const fields: Buffer[] = [];
  while (!tbs.isAtEnd) {
    fields.push(tbs.element(tbs.nextTag('a field'), 'a field'));
  }
  const changed = change(fields).map((field) => der.encoded(field));
  return signed(der.encodeDer(der.sequence(...changed)), signer);
}

/** The certificate with one more extension, critical and known to nobody. */
export function withUnknownCritical(certificate: Buffer, signer: KeyObject): Buffer {
  return rebuild(certificate, signer, (fields) => {
    const list = new DerReader(fields.pop() as Buffer).enter(0xa3, 'extensions').enter(tags.sequence, 'extensions');
    const entries = [der.encodeDer(extension('1.2.3', true, Buffer.from('0500', 'hex')))];
    while (!list.isAtEnd) {
      entries.push(list.element(tags.sequence, 'an extension'));
    }
    const all = der.sequence(...entries.map((entry) => der.encoded(entry)));
    return [...fields, der.encodeDer(der.tagged(3, all))];
  });
}

import { X509Certificate } from 'node:crypto';
import { z } from 'zod';
import { isFileName } from '../../../proto/file-name.ts';
import { boundedText } from '../bounded-text.ts';
import { crossCheck } from '../cross-check.ts';
import { notYetSupported, supportedWord } from '../not-yet-supported.ts';
import { reportRepeatedNames } from '../repeated-names.ts';
import { certificateHostSchema, subjectAltNameSchema } from './host.ts';

/** All roots of a public bundle are some 150, in 220 kB; who trusts those writes none. */
const maxCertificates = 32;
const maxPemCharacters = 128 * 1024;

const pemBlock = /-----BEGIN ([A-Z0-9 ]+)-----[^-]*-----END \1-----/g;

/** What is wrong with certificates in PEM; null when they can be used. */
export function certificatesFault(pem: string): string | null {
  if (/^\s*(\/|\.\/)/.test(pem)) return 'write the certificates themselves, in PEM, and no file';
  const blocks = [...pem.matchAll(pemBlock)];
  // also one with headers of its own, which is no block of the form above
  if (/-----BEGIN [A-Z0-9 ]*PRIVATE KEY/.test(pem)) return 'holds a private key: write certificates only';
  if (blocks.length === 0) return 'write certificates in PEM, beginning with -----BEGIN CERTIFICATE-----';
  if (blocks.length > maxCertificates) return `at most ${maxCertificates} certificates`;
  for (const [index, [block, what]] of blocks.entries()) {
    if (what !== 'CERTIFICATE') return `block ${index + 1} is no certificate: ${what}`;
    try {
      new X509Certificate(block);
    } catch {
      return `certificate ${index + 1} cannot be read`; // OpenSSL's own words help nobody
    }
  }
  return null;
}

const fileSchema = boundedText('a file', 1024).refine(isFileName, {
  error: ({ input }) =>
    typeof input === 'string' && input.includes('-----BEGIN')
      ? 'write the name of a file on the sidecars’ machines: documents carry no keys'
      : 'write the absolute name of a file on the sidecars’ machines, such as /etc/heddle/tls/client.pem',
});

const skipsChecks =
  'a connection to nobody knows whom is no safer than plaintext: write caCertificates or subjectAltNames';

/**
 * The sidecar opens TLS towards the host; the application speaks plaintext. Chain and name are always verified.
 *
 * Names are those of Istio's `ClientTLSSettings`; `caCertificates` holds the certificates themselves.
 */
export const originationSchema = z
  .object({
    /** `MUTUAL` shows the host a certificate, whose key each sidecar has on its own machine: documents carry none. */
    mode: supportedWord(['SIMPLE', 'MUTUAL'], ['ISTIO_MUTUAL', 'DISABLE']).default('SIMPLE'),
    /** Server name in the handshake; the host that is called when left out. */
    sni: certificateHostSchema.optional(),
    /** The certificate has one of these names, a URI or a host; the host that is called when left out. */
    subjectAltNames: z
      .array(subjectAltNameSchema)
      .min(1, 'write at least one name, or leave the field out')
      .max(16, 'at most 16 names')
      .check(({ value, issues }) => {
        reportRepeatedNames(value, (index, name) => {
          issues.push({ code: 'custom', path: [index], message: `${name} is listed twice`, input: name });
        });
      })
      .optional(),
    /** In PEM: the roots that the chain may end in, and no others. The roots of each sidecar's host when left out. */
    caCertificates: boundedText('caCertificates', maxPemCharacters)
      .check(({ value, issues }) => {
        const message = certificatesFault(value);
        if (message !== null) issues.push({ code: 'custom', path: [], message, input: value.slice(0, 100) });
      })
      .optional(),
    /** Nothing older is spoken, whatever the host offers. */
    minProtocolVersion: z.enum(['TLSV1_2', 'TLSV1_3']).default('TLSV1_2'),
    insecureSkipVerify: z
      .unknown()
      .refine((value) => value === undefined || value === false, skipsChecks)
      .optional()
      .meta({ refused: true }),
    /**
     * With `MUTUAL` the file of the certificate, leaf first, on the machine of each sidecar that calls the host. Sidecars read
     * it, for each connection, from the folder that `--tls-folder` of their own start names, and nowhere else.
     */
    clientCertificate: fileSchema.optional(),
    /** The file of its key, which has no passphrase; in the same folder. */
    privateKey: fileSchema.optional(),
    credentialName: notYetSupported('credentialName'),
  })
  .check(
    crossCheck(['mode', 'clientCertificate', 'privateKey'], ({ mode, ...files }, report) => {
      for (const field of ['clientCertificate', 'privateKey'] as const) {
        const isThere = files[field] !== undefined;
        if (mode === 'MUTUAL' && !isThere) report([field], 'is required with mode MUTUAL');
        if (mode === 'SIMPLE' && isThere) report([field], 'has no meaning with mode SIMPLE: write MUTUAL');
      }
    }),
  );

export type Origination = z.output<typeof originationSchema>;

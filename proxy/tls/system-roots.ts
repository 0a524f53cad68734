import { readFileSync } from 'node:fs';

/** Where distributions keep the roots that an administrator has chosen: Debian and Alpine, Red Hat, SUSE, BSD. */
const files = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

let read: string | null | undefined;

/**
 * The roots that this host trusts, in PEM, from `SSL_CERT_FILE` or its usual place. Null where there are none, and those that
 * Node brings are to be used; empty where `SSL_CERT_FILE` has none, and nobody is to be trusted. Read once.
 */
export function systemRoots(environment: NodeJS.ProcessEnv = process.env): string | null {
  if (read === undefined) {
    const { SSL_CERT_FILE: chosen = '' } = environment;
    read = chosen === '' ? firstOf(files) : (firstOf([chosen]) ?? '');
  }
  return read;
}

function firstOf(paths: readonly string[]): string | null {
  for (const path of paths) {
    try {
      const pem = readFileSync(path, 'utf8');
      if (pem.includes('-----BEGIN CERTIFICATE-----')) return pem;
    } catch {
      // not here: the next place
    }
  }
  return null;
}

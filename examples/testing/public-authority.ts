import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A server's certificate with its chain, and its key, both in PEM. */
export interface ServerCertificate {
  readonly certPem: string;
  readonly keyPem: string;
  /** The same as files, for programs that want those. */
  readonly certFile: string;
  readonly keyFile: string;
}

/** An authority such as the public ones, made with `openssl`: it issues certificates for host names. */
export class PublicAuthority {
  readonly folder = mkdtempSync(join(tmpdir(), 'heddle-authority-'));
  readonly rootPem: string;
  readonly rootFile = join(this.folder, 'root.pem');
  #issued = 0;

  constructor() {
    this.#openssl(
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-days',
      '2',
      '-subj',
      '/CN=Public Root',
      '-keyout',
      'root.key',
      '-out',
      'root.pem',
    );
    this.rootPem = readFileSync(this.rootFile, 'utf8');
  }

  /** `names` as in the SAN extension, `DNS:api.example.com`; none leaves the extension out. Negative days are over already. */
  issue(names: readonly string[], { days = 1, commonName = 'a server' } = {}): ServerCertificate {
    const stem = `server-${++this.#issued}`;
    const keyFile = join(this.folder, `${stem}.key`);
    const certFile = join(this.folder, `${stem}.pem`);
    const extensions = [
      'basicConstraints=critical,CA:FALSE',
      ...(names.length > 0 ? [`subjectAltName=${names.join(',')}`] : []),
    ];
    writeFileSync(join(this.folder, `${stem}.ext`), extensions.join('\n'));
    this.#openssl(
      'req',
      '-new',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-subj',
      `/CN=${commonName}`,
      '-keyout',
      keyFile,
      '-out',
      `${stem}.csr`,
    );
    this.#openssl(
      'x509',
      '-req',
      '-in',
      `${stem}.csr`,
      '-CA',
      'root.pem',
      '-CAkey',
      'root.key',
      '-CAcreateserial',
      '-days',
      String(days),
      '-extfile',
      `${stem}.ext`,
      '-out',
      certFile,
    );
    return { certFile, keyFile, certPem: readFileSync(certFile, 'utf8'), keyPem: readFileSync(keyFile, 'utf8') };
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  #openssl(...parameters: string[]): void {
    execFileSync('openssl', parameters, { cwd: this.folder, stdio: ['ignore', 'ignore', 'pipe'] });
  }
}

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { hasProgram } from '../../examples/testing/programs.ts';
import type { ServerCertificate } from '../../examples/testing/public-authority.ts';
import { PublicAuthority } from '../../examples/testing/public-authority.ts';
import { ClientCertificates } from './client-certificates.ts';

describe.skipIf(!hasProgram('openssl'))('ClientCertificates', () => {
  let root: string;
  let folder: string;
  let authority: PublicAuthority;
  let first: ServerCertificate;
  let second: ServerCertificate;
  let told: (string | null)[];
  let certificates: ClientCertificates;
  let files: { readonly certificateFile: string; readonly keyFile: string };

  beforeAll(() => {
    authority = new PublicAuthority();
    first = authority.issue([], { commonName: 'first' });
    second = authority.issue([], { commonName: 'second' });
    root = mkdtempSync(join(tmpdir(), 'heddle-client-certificates-'));
  });
  afterAll(() => {
    authority.close();
    rmSync(root, { recursive: true, force: true });
  });
  beforeEach(() => {
    folder = mkdtempSync(join(root, 'tls-'));
    told = [];
    certificates = new ClientCertificates(folder, (_files, problem) => told.push(problem));
    files = { certificateFile: join(folder, 'client.pem'), keyFile: join(folder, 'client.key') };
    put(first.certPem, first.keyPem);
  });

  function put(certPem: string, keyPem: string): void {
    writeFileSync(files.certificateFile, certPem);
    writeFileSync(files.keyFile, keyPem);
  }

  const read = (from = certificates) => from.read(files, 5000);

  it('gives what the files hold, the same object until they hold something else', async () => {
    const shown = await read();
    expect(shown).toMatchObject({ certPem: first.certPem, keyPem: first.keyPem });
    expect(await read()).toBe(shown);
    put(second.certPem, second.keyPem);
    expect(await read()).toMatchObject({ certPem: second.certPem });
    expect(told).toEqual([]);
  });

  it('shows the last pair while the key of a renewed certificate is not there yet', async () => {
    const shown = await read();
    writeFileSync(files.certificateFile, second.certPem);
    expect(await read()).toBe(shown);
    writeFileSync(files.keyFile, second.keyPem);
    expect(await read()).toMatchObject({ certPem: second.certPem });
  });

  it('reads nothing where nobody has named a folder, or a shorter name than the folder has', async () => {
    expect(await read(new ClientCertificates(''))).toBe(
      `${files.certificateFile}: this sidecar reads no files that documents name; its --tls-folder would allow it`,
    );
    expect(await read(new ClientCertificates(folder.slice(0, -1)))).toContain('is not in');
  });

  it('follows no link out of the folder, and links within it', async () => {
    mkdirSync(join(folder, '..data'));
    writeFileSync(join(folder, '..data', 'tls.key'), first.keyPem);
    rmSync(files.keyFile);
    symlinkSync(join('..data', 'tls.key'), files.keyFile);
    expect(await read()).toMatchObject({ certPem: first.certPem });
    rmSync(files.keyFile);
    symlinkSync(first.keyFile, files.keyFile);
    expect(await read()).toBe(`${files.keyFile}: leads out of ${folder}, the --tls-folder of this sidecar`);
  });

  it.each<[string, () => void, () => string]>([
    ['are not there', () => rmSync(files.certificateFile), () => `${files.certificateFile}: there is no such file`],
    [
      'are folders',
      () => {
        rmSync(files.certificateFile);
        mkdirSync(files.certificateFile);
      },
      () => `${files.certificateFile}: is no file`,
    ],
    [
      'are pipes that nobody writes to',
      () => {
        rmSync(files.keyFile);
        execFileSync('mkfifo', [files.keyFile]);
      },
      () => `${files.keyFile}: is no file`,
    ],
    [
      'are too long',
      () => writeFileSync(files.keyFile, 'x'.repeat(65_537)),
      () => `${files.keyFile}: has more than 65536 bytes`,
    ],
    [
      'hold no certificate',
      () => put('secret', first.keyPem),
      () => `${files.certificateFile}: holds no certificate in PEM`,
    ],
    [
      'hold no key',
      () => put(first.certPem, first.certPem),
      () => `${files.keyFile}: holds no private key in PEM without a passphrase`,
    ],
    [
      'do not belong together',
      () => put(first.certPem, second.keyPem),
      () => `${files.keyFile}: is not the key of ${files.certificateFile}`,
    ],
  ])('says which file it is when they %s, once, and when that is over', async (_name, spoil, problem) => {
    spoil();
    expect(await read()).toBe(problem());
    expect(await read()).toBe(problem());
    rmSync(files.certificateFile, { recursive: true, force: true });
    rmSync(files.keyFile);
    put(first.certPem, first.keyPem);
    expect(await read()).toMatchObject({ certPem: first.certPem });
    expect(told).toEqual([problem(), null]);
  });
});

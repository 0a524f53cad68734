import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readCertificate } from '../../certs/certificate.ts';
import { readGrant } from '../../certs/grant.ts';
import { generateKeyPair, spkiOf } from '../../certs/key-pair.ts';
import { fromPem } from '../../certs/pem.ts';
import { parseSpiffeId } from '../../certs/spiffe-id.ts';
import { validateSvid } from '../../certs/svid.ts';
import { verifyPinnedChain } from '../../certs/trust-bundle.ts';
import { AuthorityStateError, CertificateAuthority } from './certificate-authority.ts';

const trustDomain = 'cluster.local';
const id = parseSpiffeId('spiffe://cluster.local/ns/default/sa/cart');
const dayMs = 86_400_000;

describe('CertificateAuthority', () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'heddle-ca-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  const load = (nowMs = Date.now()) => CertificateAuthority.load({ directory, trustDomain, now: () => nowMs });

  it('makes root, issuer and token key at the first start, for its owner only, and finds them again', async () => {
    const first = await load();
    expect((await readdir(directory)).sort()).toEqual(['issuer.pem', 'root.pem', 'tokens.pem']);
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
    for (const name of await readdir(directory)) {
      expect((await stat(join(directory, name))).mode & 0o777).toBe(0o600);
    }
    const second = await load();
    expect(second.rootFingerprintHex).toBe(first.rootFingerprintHex);
    expect(second.expirations()).toEqual(first.expirations());
    expect(second.tokenKey.equals(first.tokenKey)).toBe(true);
  });

  it('issues 24 h leaves whose chain holds under the root, with the grant in them', async () => {
    const authority = await load();
    const { publicKey } = generateKeyPair();
    const grant = { namespace: 'default', service: 'cart', serviceAccount: 'cart', labels: { version: 'v1' } };
    const leaf = authority.issue({ publicKey, id, grant }, { includeRoot: true });
    const chain = fromPem('CERTIFICATE', leaf.chainPem);
    const der = chain[0] as Buffer;
    const nowMs = Date.now();
    expect(verifyPinnedChain(chain, authority.rootFingerprintHex, nowMs)).toMatchObject({ ok: true });
    expect(validateSvid(der, { trustDomains: trustDomain, nowMs })).toMatchObject({ ok: true, id });
    expect(readGrant(der)).toEqual(grant);
    expect(readCertificate(der).spki).toEqual(spkiOf(publicKey));
    expect(leaf.expiresAtMs - nowMs).toBeGreaterThan(dayMs - 60_000);
    expect(leaf.expiresAtMs - nowMs).toBeLessThanOrEqual(dayMs);
    expect(authority.issuedCount).toBe(1);
  });

  it('replaces the issuer after half of its life, at a start and while it runs, and keeps the root', async () => {
    const first = await load();
    const clock = { nowMs: Date.now() };
    const running = await CertificateAuthority.load({ directory, trustDomain, now: () => clock.nowMs });
    clock.nowMs += 200 * dayMs;
    running.issue({ publicKey: generateKeyPair().publicKey, id, grant: null });
    expect(running.expirations().issuerMs).toBeGreaterThan(first.expirations().issuerMs);
    const later = await load(clock.nowMs);
    expect(later.expirations().issuerMs).toBeGreaterThan(first.expirations().issuerMs);
    expect(later.rootFingerprintHex).toBe(first.rootFingerprintHex);
  });

  it('refuses a state directory of another trust domain', async () => {
    await load();
    await expect(CertificateAuthority.load({ directory, trustDomain: 'other.example' })).rejects.toThrow(
      `${join(directory, 'root.pem')} is the root of trust domain cluster.local, not of other.example`,
    );
  });

  it('refuses an issuer of another root, and an expired root', async () => {
    await load();
    await rm(join(directory, 'root.pem'));
    await expect(load()).rejects.toThrow('issuer.pem was not issued by');
    await expect(load(Date.now() + 4000 * dayMs)).rejects.toThrow(/root.pem expired at 20/);
  });

  it.each(['root.pem', 'issuer.pem', 'tokens.pem'])('never makes a new key over a damaged %s', async (name) => {
    await load();
    const path = join(directory, name);
    const damaged = (await readFile(path, 'utf8')).slice(0, 120);
    await writeFile(path, damaged);
    await expect(load()).rejects.toThrow(AuthorityStateError);
    await expect(load()).rejects.toThrow(`${path} is damaged`);
    expect(await readFile(path, 'utf8')).toBe(damaged);
  });
});

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fromPem } from '../../certs/pem.ts';
import { validateSvid } from '../../certs/svid.ts';
import { verifyPinnedChain } from '../../certs/trust-bundle.ts';
import { CertificateAuthority } from './certificate-authority.ts';
import type { ServerIdentity } from './server-certificate.ts';
import { ServerCertificate } from './server-certificate.ts';

describe('ServerCertificate', () => {
  let directory: string;
  let authority: CertificateAuthority;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'heddle-server-certificate-'));
    vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] });
    authority = await CertificateAuthority.load({ directory, trustDomain: 'cluster.local' });
  });
  afterEach(async () => {
    vi.useRealTimers();
    await rm(directory, { recursive: true });
  });

  const start = () => {
    const renewed: ServerIdentity[] = [];
    const errors: unknown[] = [];
    const certificate = new ServerCertificate({
      authority,
      onRenew: (identity) => renewed.push(identity),
      onError: (error) => errors.push(error),
      random: () => 0,
    });
    return { certificate, renewed, errors };
  };

  it("is the control plane's SPIFFE id in a chain that ends with the root", () => {
    const { certificate } = start();
    const chain = fromPem('CERTIFICATE', certificate.current().chainPem);
    expect(verifyPinnedChain(chain, authority.rootFingerprintHex, Date.now())).toMatchObject({ ok: true });
    expect(validateSvid(chain[0] as Buffer, { trustDomains: 'cluster.local', nowMs: Date.now() })).toMatchObject({
      id: 'spiffe://cluster.local/ns/heddle-system/sa/heddle-control-plane',
    });
    certificate.close();
  });

  it('renews at half of its life with a new key, again and again', () => {
    const { certificate, renewed } = start();
    const first = certificate.current();
    vi.advanceTimersByTime(11 * 3600_000);
    expect(renewed).toEqual([]);
    vi.advanceTimersByTime(2 * 3600_000);
    expect(renewed).toHaveLength(1);
    expect(certificate.current()).toBe(renewed[0]);
    expect(certificate.current().privateKeyPem).not.toBe(first.privateKeyPem);
    vi.advanceTimersByTime(12 * 3600_000);
    expect(renewed).toHaveLength(2);
    certificate.close();
    vi.advanceTimersByTime(48 * 3600_000);
    expect(renewed).toHaveLength(2);
  });

  it('keeps the certificate when a renewal fails, says so, and tries again a minute later', () => {
    const { certificate, renewed, errors } = start();
    const issue = vi.spyOn(authority, 'issue').mockImplementationOnce(() => {
      throw new Error('no');
    });
    vi.advanceTimersByTime(12 * 3600_000 + 1000);
    expect(errors).toHaveLength(1);
    expect(renewed).toEqual([]);
    vi.advanceTimersByTime(60_000);
    expect(renewed).toHaveLength(1);
    issue.mockRestore();
    certificate.close();
  });
});

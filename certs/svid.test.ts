import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readCertificate } from './certificate.ts';
import { parseSpiffeId } from './spiffe-id.ts';
import { expectIdentity, validateSvid } from './svid.ts';
import { withUnknownCritical } from './testing/rebuild.ts';
import { createTestMesh } from './testing/test-identity.ts';
import { longId, wrongLeaves } from './testing/wrong-leaves.ts';

const nowMs = Date.now();
const mesh = createTestMesh('shop.local', nowMs);
const ours = { trustDomains: 'shop.local', nowMs };
const { der } = mesh.identity('cart');

describe('validateSvid', () => {
  it('says who the holder of a proper leaf is, and until when', () => {
    const expiresAtMs = readCertificate(der).notAfterMs;
    expect(validateSvid(der, ours)).toEqual({ ok: true, id: mesh.id('cart'), expiresAtMs });
  });

  it.each(wrongLeaves)('refuses a leaf with $what', ({ wrong, reason }) => {
    const result = validateSvid(mesh.misissued(wrong).der, ours);
    expect(result).toEqual({ ok: false, reason: expect.stringMatching(reason) });
  });

  it('takes the leaf that all wrong ones are made from', () => {
    expect(validateSvid(mesh.misissued({}).der, ours)).toMatchObject({ ok: true, id: mesh.id('cart') });
  });

  it('takes an id of 2048 bytes, the longest there is', () => {
    const id = longId(2048);
    expect(validateSvid(mesh.misissued({ uriSans: [id] }).der, ours)).toMatchObject({ ok: true, id });
  });

  it('takes a leaf without extKeyUsage, which restricts nothing', () => {
    expect(validateSvid(mesh.misissued({ extendedKeyUsage: [] }).der, ours).ok).toBe(true);
  });

  it('refuses a leaf with a critical extension that it does not understand', () => {
    const odd = withUnknownCritical(der, mesh.issuer.privateKey);
    expect(validateSvid(odd, ours)).toEqual({ ok: false, reason: 'critical extension 1.2.3 is not understood' });
  });

  it('refuses authorities, though they bear the name of the trust domain', () => {
    for (const { certificate } of [mesh.root, mesh.issuer]) {
      expect(validateSvid(certificate.der, ours)).toEqual({ ok: false, reason: expect.stringContaining('path') });
    }
  });

  it('takes leaves of federated trust domains only where they are named', () => {
    const other = createTestMesh('other.local', nowMs).identity('cart').der;
    expect(validateSvid(other, ours).ok).toBe(false);
    expect(validateSvid(other, { ...ours, trustDomains: new Set(['shop.local', 'other.local']) }).ok).toBe(true);
    expect(validateSvid(der, { ...ours, trustDomains: new Set() }).ok).toBe(false);
  });

  it('compares trust domains whole, not by their beginning', () => {
    const longer = mesh.misissued({ uriSans: ['spiffe://shop.local.evil/ns/default/sa/cart'] }).der;
    expect(validateSvid(longer, ours).ok).toBe(false);
    expect(validateSvid(der, { ...ours, trustDomains: 'shop.local.evil' }).ok).toBe(false);
  });

  it('counts notBefore and notAfter themselves as valid', () => {
    const { notBeforeMs, notAfterMs } = readCertificate(der);
    const at = (timeMs: number) => validateSvid(der, { ...ours, nowMs: timeMs }).ok;
    expect([notBeforeMs - 1, notBeforeMs, notAfterMs, notAfterMs + 1].map(at)).toEqual([false, true, true, false]);
  });

  it('answers any bytes with a reason that is safe to log', () => {
    for (const bytes of [Buffer.alloc(0), Buffer.from('hello'), Buffer.alloc(200_000, 0x30)]) {
      expect(validateSvid(bytes, ours)).toEqual({ ok: false, reason: expect.stringMatching(/^[\x20-\x7e]+$/) });
    }
    const hostile = mesh.misissued({ uriSans: ['spiffe://shop.local/\n\x1b[2J\xff'] }).der;
    expect(validateSvid(hostile, ours)).toEqual({ ok: false, reason: expect.not.stringMatching(/\p{Cc}/u) });
  });

  it('reads certificates without loading node-forge, whose memory a sidecar does not pay for', () => {
    const reached = new Set<string>();
    const reach = (file: string) => {
      if (reached.has(file)) {
        return;
      }
      reached.add(file);
      if (file.startsWith('./')) {
        const source = readFileSync(new URL(file, import.meta.url), 'utf8');
        for (const [, isType, imported] of source.matchAll(/^import (type )?.*?from '(.*?)';/gms)) {
          if (isType === undefined && imported !== undefined) {
            reach(imported);
          }
        }
      }
    };
    for (const file of ['./svid.ts', './trust-bundle.ts', './key-pair.ts', './peer-chain.ts']) {
      reach(file);
    }
    expect(reached).toContain('./der-reader.ts');
    expect([...reached].filter((file) => !file.startsWith('./'))).toEqual(['node:crypto']);
  });
});

describe('expectIdentity', () => {
  const id = parseSpiffeId('spiffe://shop.local/ns/default/sa/cart');

  it('takes an id that is one of those expected', () => {
    expect(expectIdentity(id, ['spiffe://shop.local/ns/default/sa/web', id])).toEqual({ ok: true });
  });

  it('refuses any other, and says who was expected', () => {
    expect(expectIdentity(id, [`${id}-v2`])).toEqual({ ok: false, reason: `the peer is ${id}, expected ${id}-v2` });
  });

  it('lets nobody through when nobody is expected', () => {
    expect(expectIdentity(id, [])).toEqual({ ok: false, reason: `the peer is ${id}, expected nobody` });
  });
});

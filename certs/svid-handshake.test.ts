import { describe, expect, it } from 'vitest';
import { issueLeaf } from './authority.ts';
import { generateKeyPair, privateKeyToPem } from './key-pair.ts';
import { fromPem } from './pem.ts';
import { createSigningRequest, readSigningRequest } from './signing-request.ts';
import type { TestEnd } from './testing/handshake.ts';
import { handshake } from './testing/handshake.ts';
import { createTestMesh } from './testing/test-identity.ts';
import { longId, wrongLeaves } from './testing/wrong-leaves.ts';

const mesh = createTestMesh();
const { bundlePem } = mesh;
const cart: TestEnd = { identity: mesh.identity('cart'), bundlePem, trustDomain: 'shop.local', expected: null };
const web: TestEnd = { ...cart, identity: mesh.identity('web'), expected: [mesh.id('cart')] };
const talking = { server: null, client: null, isTalking: true };

describe('a TLS 1.3 handshake with the SVID check at both ends', () => {
  it('lets two workloads of one mesh talk', async () => {
    expect(await handshake(cart, web)).toEqual(talking);
  });

  it('works with a leaf issued for a signing request', async () => {
    const pair = generateKeyPair();
    const { publicKey } = readSigningRequest(createSigningRequest(pair));
    const { chainPem } = issueLeaf({ issuer: mesh.issuer, publicKey, id: mesh.id('cart') });
    const der = fromPem('CERTIFICATE', chainPem)[0] as Buffer;
    const identity = { key: privateKeyToPem(pair.privateKey), cert: chainPem, der };
    expect(await handshake({ ...cart, identity }, web)).toEqual(talking);
  });

  it('works with ids of 2048 bytes at both ends', async () => {
    const identity = mesh.misissued({ uriSans: [longId(2048)] });
    const expected = [longId(2048)];
    expect(await handshake({ ...cart, identity, expected }, { ...web, identity, expected })).toEqual(talking);
  });

  it('refuses a server with another id than the one expected', async () => {
    const { client, isTalking } = await handshake({ ...cart, identity: mesh.identity('recommend') }, web);
    expect(client).toMatch(/the peer is .*sa\/recommend, expected .*sa\/cart/);
    expect(isTalking).toBe(false);
  });

  it('refuses a client with another id than the one expected', async () => {
    const { server, isTalking } = await handshake({ ...cart, expected: [mesh.id('recommend')] }, web);
    expect(server).toMatch(/the peer is .*sa\/web, expected .*sa\/recommend/);
    expect(isTalking).toBe(false);
  });

  it('refuses a client without a certificate', async () => {
    const { server, isTalking } = await handshake(cart, { ...web, identity: null });
    expect(server).toMatch(/did not return a certificate/);
    expect(isTalking).toBe(false);
  });

  const strangers = [
    { what: 'another root', identity: createTestMesh('shop.local').identity('cart') },
    { what: 'the root of another trust domain', identity: createTestMesh('other.local').identity('cart') },
  ];

  it.each(strangers)('refuses a client with $what', async ({ identity }) => {
    const { server, isTalking } = await handshake(cart, { ...web, identity });
    expect(server).not.toBe(null);
    expect(isTalking).toBe(false);
  });

  it.each(strangers)('refuses a server with $what', async ({ identity }) => {
    const { client, isTalking } = await handshake({ ...cart, identity }, web);
    expect(client).toMatch(/unable to|self.signed/);
    expect(isTalking).toBe(false);
  });

  it.each(wrongLeaves)('refuses a client with $what', async ({ wrong }) => {
    const { server, isTalking } = await handshake(cart, { ...web, identity: mesh.misissued(wrong) });
    expect(server).not.toBe(null);
    expect(isTalking).toBe(false);
  });

  it.each(wrongLeaves)('refuses a server with $what', async ({ wrong }) => {
    const { client, isTalking } = await handshake({ ...cart, identity: mesh.misissued(wrong) }, web);
    expect(client).not.toBe(null);
    expect(isTalking).toBe(false);
  });
});

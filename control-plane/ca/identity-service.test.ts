import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ServerUnaryCall, ServiceError } from '@grpc/grpc-js';
import { status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readGrant } from '../../certs/grant.ts';
import { generateKeyPair } from '../../certs/key-pair.ts';
import { createSigningRequest } from '../../certs/signing-request.ts';
import { parseSpiffeId } from '../../certs/spiffe-id.ts';
import { validateSvid } from '../../certs/svid.ts';
import type { Input } from '../../proto/load.ts';
import { CertificateAuthority } from './certificate-authority.ts';
import type { CallPeer } from './identity-service.ts';
import { identityService } from './identity-service.ts';
import { TokenBuckets } from './token-buckets.ts';
import { any, JoinTokens } from './tokens.ts';

type Answer = Input<'heddle.v1.JoinResponse'>;

describe('identityService', () => {
  let directory: string;
  let authority: CertificateAuthority;
  let tokens: JoinTokens;
  let peer: CallPeer;
  let lines: string[];
  let service: ReturnType<typeof identityService>;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'heddle-identity-'));
    authority = await CertificateAuthority.load({ directory, trustDomain: 'cluster.local' });
    const { tokenKey: key, trustDomain, rootFingerprintHex } = authority;
    tokens = new JoinTokens({ key, trustDomain, rootFingerprintHex, address: () => '127.0.0.1:15012' });
    peer = { address: '127.0.0.1', svid: null };
    lines = [];
    service = identityService({
      authority,
      tokens,
      peerOf: () => peer,
      log: (level, message, { reason = '' } = {}) => lines.push(`${level} ${message} ${reason}`.trimEnd()),
      limits: new TokenBuckets({ burst: 5, perSecond: 1, now: () => 0 }),
    });
  });
  afterEach(() => rm(directory, { recursive: true }));

  type Method = (call: never, callback: (error: ServiceError | null, value?: Answer | null) => void) => void;
  const call = (method: Method, request: object): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const fake = { request, getPath: () => '/heddle.v1.IdentityService/x' } as ServerUnaryCall<unknown, unknown>;
      method(fake as never, (error, value) => (error === null ? resolve(value ?? {}) : reject(error)));
    });
  const signingRequest = (uri?: string) =>
    createSigningRequest({ ...generateKeyPair(), ...(uri === undefined ? {} : { uri: parseSpiffeId(uri) }) });
  const joinWith = (token: string, said: { namespace?: string; service?: string } = {}, signing = signingRequest()) =>
    call(service.Join as Method, { token, signing_request: signing, namespace: '', service: '', ...said });
  const leafOf = (answer: Answer) => (answer.certificate_chain ?? [])[0] as Buffer;
  const cart = { namespace: 'default', service: 'cart', labels: { version: 'v1' } };

  it("gives a token's holder the token's identity and grant, whatever the signing request says", async () => {
    const wish = signingRequest('spiffe://cluster.local/ns/default/sa/admin');
    const answer = await joinWith(await tokens.mint(cart), {}, wish);
    const id = 'spiffe://cluster.local/ns/default/sa/cart';
    expect(answer.spiffe_id).toBe(id);
    expect(answer.certificate_chain).toHaveLength(2);
    expect(answer.trust_bundle).toEqual([authority.trustBundle.roots[0]?.der]);
    const svid = validateSvid(leafOf(answer), { trustDomains: 'cluster.local', nowMs: Date.now() });
    expect(svid).toMatchObject({ ok: true, id });
    expect(readGrant(leafOf(answer))).toEqual({ ...cart, serviceAccount: 'cart' });
    expect(lines).toEqual(['info joined']);
  });

  it('renews the identity and the grant of the leaf that the caller has', async () => {
    const first = leafOf(await joinWith(await tokens.mint(cart)));
    peer = { ...peer, svid: { id: parseSpiffeId('spiffe://cluster.local/ns/default/sa/cart'), der: first } };
    const second = await call(service.Renew as Method, { signing_request: signingRequest() });
    expect(second.spiffe_id).toBe('spiffe://cluster.local/ns/default/sa/cart');
    expect(leafOf(second).equals(first)).toBe(false);
    expect(readGrant(leafOf(second))).toEqual(readGrant(first));
  });

  it('does not renew for a caller without a certificate', async () => {
    const refused = call(service.Renew as Method, { signing_request: signingRequest() });
    await expect(refused).rejects.toMatchObject({ code: status.UNAUTHENTICATED });
  });

  it("lets the holder of the host's token say which service it is", async () => {
    const wide = await tokens.mint({ namespace: any, service: any, serviceAccount: any, labels: { [any]: any } });
    const answer = await joinWith(wide, { namespace: 'shop', service: 'web' });
    expect(answer.spiffe_id).toBe('spiffe://cluster.local/ns/shop/sa/web');
    expect(readGrant(leafOf(answer))).toMatchObject({ namespace: 'shop', service: 'web', labels: { '*': '*' } });
  });

  it.each([
    [{ namespace: 'default' }, status.INVALID_ARGUMENT, 'the token is for any service: say which'],
    [{ namespace: 'default', service: '../x' }, status.INVALID_ARGUMENT, 'is not a DNS label'],
    [{ namespace: '*', service: 'web' }, status.INVALID_ARGUMENT, 'is not a DNS label'],
    [
      { namespace: 'heddle-system', service: 'heddle-control-plane' },
      status.PERMISSION_DENIED,
      "the control plane's own",
    ],
  ])("refuses %j with the host's token", async (said, code, reason) => {
    const wide = await tokens.mint({ namespace: any, service: any, serviceAccount: any });
    await expect(joinWith(wide, said)).rejects.toMatchObject({ code, details: expect.stringContaining(reason) });
  });

  it('refuses to be another service than the token names, and names the difference', async () => {
    const refused = joinWith(await tokens.mint(cart), { service: 'web' });
    const details = 'service "web": the token is for cart';
    await expect(refused).rejects.toMatchObject({ code: status.PERMISSION_DENIED, details });
  });

  it('refuses a bad token with its reason, in the status and in the log', async () => {
    const refused = joinWith('x');
    await expect(refused).rejects.toMatchObject({ code: status.UNAUTHENTICATED, details: 'the token is malformed' });
    expect(lines).toEqual(['warn no certificate the token is malformed']);
  });

  it('refuses a signing request that is none', async () => {
    const refused = joinWith(await tokens.mint(cart), {}, Buffer.alloc(1_000_000));
    await expect(refused).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
  });

  it('turns away one who asks too often, and serves others', async () => {
    const token = await tokens.mint(cart);
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => joinWith(token)));
    expect(outcomes.filter((outcome) => outcome.status === 'fulfilled')).toHaveLength(5);
    await expect(joinWith(token)).rejects.toMatchObject({ code: status.RESOURCE_EXHAUSTED });
    peer = { address: '127.0.0.2', svid: null };
    expect((await joinWith(token)).spiffe_id).toContain('/sa/cart');
  });
});

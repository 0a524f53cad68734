import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { describeMeshPort } from '../../certs/mesh-port.contract.ts';
import { foreignLeaves, issuedByOpenssl } from '../../certs/testing/foreign-issuer.ts';
import { hasOpenssl } from '../../certs/testing/openssl.ts';
import type { TestIdentity } from '../../certs/testing/test-identity.ts';
import { createTestMesh } from '../../certs/testing/test-identity.ts';
import { ALPN_HTTP1 } from '../../proto/names.ts';
import { holderOf, meshIdentity } from '../testing/mesh-identity.ts';
import { IdentityHolder } from '../tls/mesh-identity.ts';
import { MeshPair } from './testing/mesh-pair.ts';

describeMeshPort('an inbound port of a sidecar', {
  alpn: ALPN_HTTP1,
  isAnonymousRefused: true,
  start: async (mesh, handshakeTimeoutMs) => {
    const pair = new MeshPair();
    const { listener, peers, refused } = await pair.serve(holderOf(mesh, 'cart'), handshakeTimeoutMs);
    return {
      port: listener.port,
      accepted: () => peers.length,
      refused: () => refused.length,
      close: () => pair.close(),
    };
  },
});

const mesh = createTestMesh();
const pair = new MeshPair();

afterEach(() => pair.close());

describe.skipIf(!hasOpenssl).each(foreignLeaves)('a server with a certificate with %s', (_what, leaf, isAccepted) => {
  let identity: TestIdentity;
  beforeAll(() => {
    identity = issuedByOpenssl(mesh, leaf);
  });

  it(`is ${isAccepted ? 'accepted' : 'refused'} by the sidecar that dials it`, async () => {
    const served = new IdentityHolder();
    try {
      served.set(meshIdentity(mesh, identity, mesh.id('cart')));
    } catch (error) {
      // such a key is not even taken for our own
      expect([isAccepted, String(error)]).toEqual([false, expect.stringMatching(/too small|too weak|unsupported/i)]);
      return;
    }
    const { listener } = await pair.serve(served);
    const outcome = await pair.call(listener.port, holderOf(mesh, 'web'), [mesh.id('cart')]);
    expect('text' in outcome).toBe(isAccepted);
  });
});

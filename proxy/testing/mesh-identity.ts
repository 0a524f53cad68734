import type { SpiffeId } from '../../certs/spiffe-id.ts';
import type { TestIdentity, TestMesh } from '../../certs/testing/test-identity.ts';
import type { MeshIdentity } from '../tls/mesh-identity.ts';
import { IdentityHolder } from '../tls/mesh-identity.ts';

/** A sidecar's identity made from a test certificate, whatever that certificate says. */
export function meshIdentity(
  mesh: TestMesh,
  identity: TestIdentity,
  id: SpiffeId,
  expiresInMs = 3_600_000,
): MeshIdentity {
  return {
    id,
    trustDomain: 'shop.local',
    certificateChainPem: identity.cert,
    privateKeyPem: identity.key,
    trustBundlePem: mesh.bundlePem,
    expiresAtMs: Date.now() + expiresInMs,
  };
}

export function holderOf(mesh: TestMesh, serviceAccount: string): IdentityHolder {
  const holder = new IdentityHolder();
  holder.set(meshIdentity(mesh, mesh.identity(serviceAccount), mesh.id(serviceAccount)));
  return holder;
}

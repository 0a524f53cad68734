import { issueLeaf } from '../../certs/authority.ts';
import { encodeGrant } from '../../certs/grant.ts';
import { generateKeyPair } from '../../certs/key-pair.ts';
import { fromPem } from '../../certs/pem.ts';
import { spiffeId } from '../../certs/spiffe-id.ts';
import type { Identity } from '../xds/identity.ts';
import { makeIdentity } from '../xds/identity.ts';
import type { ScriptedControlPlane } from './scripted-control-plane.ts';

/** An identity as this control plane would issue it, without joining. */
export function issuedIdentity(plane: ScriptedControlPlane, service = 'cart', ttlMs = 86_400_000): Identity {
  const { trustDomain, issuer, root, address } = plane;
  const keyPair = generateKeyPair();
  const grant = { namespace: 'default', service, serviceAccount: service, labels: {} };
  const { chainPem } = issueLeaf({
    issuer,
    publicKey: keyPair.publicKey,
    id: spiffeId({ trustDomain, ...grant }),
    extensions: [encodeGrant(grant)],
    ttlMs,
  });
  return makeIdentity(
    {
      keyPair,
      chain: fromPem('CERTIFICATE', chainPem),
      roots: [root.certificate.der],
      trustDomain,
      controlPlaneAddress: address,
    },
    Date.now(),
  );
}

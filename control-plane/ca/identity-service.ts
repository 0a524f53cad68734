import type { handleUnaryCall, ServerUnaryCall, ServiceError, sendUnaryData } from '@grpc/grpc-js';
import { Metadata, status } from '@grpc/grpc-js';
import type { IssuedLeaf } from '../../certs/authority.ts';
import type { JoinGrant } from '../../certs/grant.ts';
import { InvalidGrantError, readGrant } from '../../certs/grant.ts';
import { fromPem } from '../../certs/pem.ts';
import { InvalidSigningRequestError, readSigningRequest } from '../../certs/signing-request.ts';
import type { SpiffeId } from '../../certs/spiffe-id.ts';
import { InvalidSpiffeIdError, spiffeId } from '../../certs/spiffe-id.ts';
import type { Input, Output } from '../../proto/load.ts';
import { CONTROL_PLANE_NAMESPACE, isDnsLabel } from '../../proto/names.ts';
import type { Log } from '../log.ts';
import type { CertificateAuthority } from './certificate-authority.ts';
import type { TokenBuckets } from './token-buckets.ts';
import type { JoinTokens, VerifiedToken } from './tokens.ts';
import { any, TokenRefusedError } from './tokens.ts';

/** Who is at the other end of a call, as the TLS connection that carries it has shown. */
export interface CallPeer {
  /** IP address. */
  readonly address: string;
  /** The verified certificate; `null` for a caller without one, who may only join. */
  readonly svid: { readonly id: SpiffeId; readonly der: Buffer } | null;
}

export interface IdentityServiceOptions {
  readonly authority: CertificateAuthority;
  readonly tokens: JoinTokens;
  readonly peerOf: (call: ServerUnaryCall<unknown, unknown>) => CallPeer;
  readonly log: Log;
  /** Joins per address, renewals per identity. */
  readonly limits: TokenBuckets;
  /** Signing takes the one thread there is; more calls than this at a time are turned away. Default 64. */
  readonly maxConcurrent?: number;
}

type Certificates = Input<'heddle.v1.JoinResponse'>;

class CallRefusedError extends Error {
  readonly code: status;

  constructor(code: status, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * `heddle.v1.IdentityService`: certificates for those who have shown who they are.
 *
 * The identity comes from the caller, a token for `Join` and its leaf for `Renew`, and never from the signing request,
 * of which only the key is read. Every refusal names its reason, here in the log and there in the status.
 */
export function identityService(options: IdentityServiceOptions): {
  readonly Join: handleUnaryCall<Output<'heddle.v1.JoinRequest'>, Certificates>;
  readonly Renew: handleUnaryCall<Output<'heddle.v1.RenewRequest'>, Certificates>;
} {
  const { authority, tokens, peerOf, log, limits, maxConcurrent = 64 } = options;
  let underWay = 0;

  const answer = async <Request>(
    call: ServerUnaryCall<Request, Certificates>,
    callback: sendUnaryData<Certificates>,
    work: (request: Request, peer: CallPeer) => Promise<Certificates>,
  ): Promise<void> => {
    const peer = peerOf(call as ServerUnaryCall<unknown, unknown>);
    try {
      if (underWay >= maxConcurrent || !limits.take(peer.svid?.id ?? peer.address)) {
        throw new CallRefusedError(status.RESOURCE_EXHAUSTED, 'too many requests for certificates: try again later');
      }
      underWay += 1;
      const response = await work(call.request, peer).finally(() => {
        underWay -= 1;
      });
      callback(null, response);
    } catch (error) {
      const refusal = refusalOf(error);
      const level = refusal.code === status.INTERNAL ? 'error' : 'warn';
      const fields = { method: call.getPath(), peer: peer.address, identity: peer.svid?.id ?? null };
      log(level, 'no certificate', { ...fields, reason: error instanceof Error ? error.message : String(error) });
      callback(refusal);
    }
  };

  const certify = (signingRequest: Buffer, id: SpiffeId, grant: JoinGrant | null): Certificates => {
    const { publicKey } = readSigningRequest(signingRequest);
    return certificates(authority, authority.issue({ publicKey, id, grant }), id);
  };

  return {
    Join: (call, callback) => {
      void answer(call, callback, async (request, peer) => {
        const token = await tokens.verify(request.token);
        const grant = grantFor(token, request);
        const id = spiffeId({ trustDomain: authority.trustDomain, ...grant });
        const response = certify(request.signing_request, id, grant);
        log('info', 'joined', { peer: peer.address, identity: id, token: token.tokenId });
        return response;
      });
    },
    Renew: (call, callback) => {
      void answer(call, callback, async (request, peer) => {
        if (peer.svid === null) {
          throw new CallRefusedError(status.UNAUTHENTICATED, 'renewing needs a client certificate: join with a token');
        }
        const { id, der } = peer.svid;
        const response = certify(request.signing_request, id, readGrant(der));
        log('debug', 'renewed', { peer: peer.address, identity: id });
        return response;
      });
    },
  };
}

/** What the token allows, narrowed by what the sidecar says of itself where the token leaves it open. */
function grantFor(token: VerifiedToken, said: { readonly namespace: string; readonly service: string }): JoinGrant {
  const namespace = narrow('namespace', token.namespace, said.namespace);
  const service = narrow('service', token.service, said.service);
  if (namespace === CONTROL_PLANE_NAMESPACE) {
    throw new CallRefusedError(status.PERMISSION_DENIED, `namespace ${namespace} is the control plane's own`);
  }
  const serviceAccount = token.serviceAccount === any ? service : token.serviceAccount;
  return { namespace, service, serviceAccount, labels: token.labels };
}

function narrow(what: string, allowed: string, said: string): string {
  if (allowed === any) {
    if (!isDnsLabel(said)) {
      const found = said === '' ? 'say which' : `${JSON.stringify(said.slice(0, 80))} is not a DNS label`;
      throw new CallRefusedError(status.INVALID_ARGUMENT, `the token is for any ${what}: ${found}`);
    }
    return said;
  }
  if (said !== '' && said !== allowed) {
    const difference = `${what} ${JSON.stringify(said.slice(0, 80))}: the token is for ${allowed}`;
    throw new CallRefusedError(status.PERMISSION_DENIED, difference);
  }
  return allowed;
}

function certificates({ trustBundle }: CertificateAuthority, leaf: IssuedLeaf, id: SpiffeId): Certificates {
  const expires = leaf.expiresAtMs;
  return {
    certificate_chain: fromPem('CERTIFICATE', leaf.chainPem),
    trust_bundle: trustBundle.roots.map((root) => root.der),
    spiffe_id: id,
    expires_at: { seconds: Math.floor(expires / 1000), nanos: (expires % 1000) * 1_000_000 },
  };
}

/** Reasons that concern the caller are told; what went wrong inside is only in our log. */
function refusalOf(error: unknown): ServiceError {
  let code = status.INTERNAL;
  if (error instanceof CallRefusedError) {
    code = error.code;
  } else if (error instanceof TokenRefusedError) {
    code = status.UNAUTHENTICATED;
  } else if (error instanceof InvalidSigningRequestError || error instanceof InvalidSpiffeIdError) {
    code = status.INVALID_ARGUMENT;
  } else if (error instanceof InvalidGrantError) {
    code = status.PERMISSION_DENIED;
  }
  const details = code === status.INTERNAL ? 'internal error' : (error as Error).message;
  return Object.assign(new Error(details), { code, details, metadata: new Metadata() });
}

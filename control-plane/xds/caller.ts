import type { ServerInterceptor } from '@grpc/grpc-js';
import { Metadata, ServerInterceptingCall, status } from '@grpc/grpc-js';
import type { SpiffeId } from '../../certs/spiffe-id.ts';
import { validateSvid } from '../../certs/svid.ts';

/** Who is at the other end of the connection that carries a call. */
export interface Caller {
  /** IP address and port. */
  readonly address: string;
  /** `null` for a connection without a certificate. */
  readonly svid: { readonly id: SpiffeId; readonly der: Buffer } | null;
}

/** The part of grpc-js' calls that this needs. */
interface AuthenticatedCall {
  getPeer(): string;
  getAuthContext(): { sslPeerCertificate?: { raw: Buffer } };
}

export type CallerOf = (call: AuthenticatedCall) => Caller;

/**
 * Reads the caller from the call's own connection, anew for each call: a leaf that has expired since the handshake
 * counts as none. grpc-js gives the certificate only when TLS has verified its chain.
 */
export function callerOf(trustDomain: string, now: () => number = Date.now): CallerOf {
  return (call) => {
    const address = call.getPeer();
    const der = call.getAuthContext().sslPeerCertificate?.raw;
    const svid = der === undefined ? null : validateSvid(der, { trustDomains: trustDomain, nowMs: now() });
    return { address, svid: der !== undefined && svid?.ok ? { id: svid.id, der } : null };
  };
}

/**
 * Answers UNAUTHENTICATED to every call of a connection without a verified SVID, except to `openPaths`. It stands
 * before all services, so that a new method is closed until someone opens it.
 */
export function requireSvid(caller: CallerOf, openPaths: readonly string[]): ServerInterceptor {
  return (method, call) => {
    if (openPaths.includes(method.path) || caller(call).svid !== null) {
      return new ServerInterceptingCall(call);
    }
    const details = 'this call needs a verified client certificate: join with a token first';
    return new ServerInterceptingCall(call, {
      start: () => call.sendStatus({ code: status.UNAUTHENTICATED, details, metadata: new Metadata() }),
    });
  };
}

import type { Buffer } from 'node:buffer';

/** Bytes that somebody throws at a sidecar who wants it to fail, or to forward what it must not. */
export interface HostileInput {
  readonly name: string;
  readonly protocol: 'http1' | 'http2';
  readonly bytes: Buffer;
  /** Whether the rules allow that an application sees something of it. */
  readonly mayPass: boolean;
}

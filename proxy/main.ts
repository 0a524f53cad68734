import type { ProxyConfig } from './config.ts';
import { Sidecar } from './proxy.ts';

/** A sidecar that runs. */
export interface RunningProxy {
  /** Fulfilled when it holds a certificate and the configuration that was declared. Never rejects. */
  readonly ready: Promise<void>;
  /** Why it cannot be used yet, for people; null when it can. */
  readonly notReadyReason: string | null;
  /** It was told no and has no valid certificate: waiting helps only if something changes at the control plane. */
  readonly isRefused: boolean;
  /** Rejects when it cannot go on, which no waiting helps. Never fulfilled. */
  readonly failed: Promise<never>;
  /** `127.0.0.1:15000`. */
  readonly adminAddress: string;
  /** Port for `HTTP_PROXY`. */
  readonly outboundPort: number;
  /** Application port to the inbound port at which other sidecars reach it. */
  readonly inboundPorts: ReadonlyMap<number, number>;
  /** Takes the instance out of the endpoint lists; fulfilled once that is acknowledged, or after a bounded wait. */
  drain(): Promise<void>;
  /** Ends everything; requests in flight get a short grace. */
  close(): Promise<void>;
}

/** Starts a sidecar. Rejects when a port is taken, or the state directory or the token cannot be used. */
export async function runProxy(config: ProxyConfig): Promise<RunningProxy> {
  const proxy = await Sidecar.start(config);
  return {
    ready: proxy.ready,
    failed: proxy.failed,
    get notReadyReason() {
      return proxy.notReadyReason;
    },
    get isRefused() {
      return proxy.isRefused;
    },
    adminAddress: proxy.adminAddress,
    outboundPort: proxy.outboundPort,
    inboundPorts: proxy.inboundPorts,
    drain: () => proxy.drain(),
    close: () => proxy.close(),
  };
}

import type { HeddleBuild } from './heddle-build.ts';
import type { Stage } from './stage.ts';
import type { Upstream } from './upstream.ts';

/** A proxy, or a chain of two, in the one place where all are compared: between the load and the upstream. */
export interface Peer {
  /** As the table and the result file call it. */
  readonly name: string;
  /** In what this row differs from the others of its scenario, in a few words; null when in nothing. */
  readonly remark: string | null;
  /** Whether it becomes faster by running, as a just-in-time compiler makes it: then it runs for a while before. */
  readonly warmsUp: boolean;
  /** What keeps it from being measured on this machine, in a few words; null when nothing does. */
  missing(): string | null;
  /** The same with another build of Heddle; Heddle has it alone. */
  variant?(build: HeddleBuild): Peer | null;
  /**
   * Starts every process of it on the stage, which also ends them. It need not answer yet when this fulfils.
   *
   * @throws Error with the program's own words when it does not start
   */
  start(stage: Stage, upstream: Upstream): Promise<RunningPeer>;
}

export interface RunningPeer {
  /** Where the load goes, on loopback. */
  readonly port: number;
  /** With what the load must speak TLS there; null: plaintext. */
  readonly clientTls: ClientTls | null;
  /**
   * The id of the process that carries the traffic of each hop, in the order of a request; what it has started counts
   * with it. Empty: no proxy at all.
   */
  readonly hops: readonly number[];
  /** A port that takes mutual TLS and must give nothing to strangers; null when there is none. */
  readonly meshPort: number | null;
  /** Makes its processes collect their garbage; null: they have none, or cannot be told. */
  readonly collectSignal: NodeJS.Signals | null;
}

/** Files in PEM, and what the client asks for by name. */
export interface ClientTls {
  readonly rootFile: string;
  /** Chain and key in one file. */
  readonly identityFile: string;
  readonly serverName: string;
  readonly alpn: string;
}

/**
 * Where a proxy stands:
 *
 * ```
 *   single    load ── proxy ── upstream
 *   chain     load ── outbound ══ mutual TLS ══ inbound ── upstream
 *   inbound   load ══ mutual TLS ══ inbound ── upstream
 * ```
 */
export type Place = 'single' | 'chain' | 'inbound';

import type { Stage } from './stage.ts';

/** A proxy, or a chain of two, in the one place where all are compared: between the load and the upstream. */
export interface Peer {
  /** As the table and the result file call it. */
  readonly name: string;
  /** Whether it becomes faster by running, as a just-in-time compiler makes it: then it runs for a while before. */
  readonly warmsUp: boolean;
  /** What keeps it from being measured on this machine, in a few words; null when nothing does. */
  missing(): string | null;
  /**
   * Starts every process of it on the stage, which also ends them. It need not answer yet when this fulfils.
   *
   * @throws Error with the program's own words when it does not start
   */
  start(stage: Stage, upstreamPort: number): Promise<RunningPeer>;
}

export interface RunningPeer {
  /** Takes plain HTTP/1.1 on loopback. */
  readonly port: number;
  /** The id of the process that carries the traffic of each hop, in the order of a request. Empty: no proxy at all. */
  readonly hops: readonly number[];
  /** Where the second hop takes mutual TLS from the first; null when there is no such hop. */
  readonly meshPort: number | null;
}

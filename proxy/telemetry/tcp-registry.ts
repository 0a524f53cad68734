import type { SeriesLabels } from './series-labels.ts';
import { exposedKey, overflowLabels } from './series-labels.ts';

/** What tells one series of TCP connections from another. */
export type TcpLabels = Pick<SeriesLabels, 'reporter' | 'source' | 'destination' | 'host' | 'isMutualTls'>;

/** Counts of the connections with the same labels. Whoever has an open connection may hold on to it. */
export class TcpSeries {
  readonly labels: TcpLabels;
  /** Envoy's response flag of connections that came to nothing; `-` for those that found an upstream. */
  readonly flag: string;
  opened = 0;
  closed = 0;
  /** To the client, and from it. */
  sentBytes = 0;
  receivedBytes = 0;
  /** When the registry first found that nothing was open and no more were opened, and how many it were then. */
  quietSinceMs = 0;
  quietAt = -1;

  constructor(labels: TcpLabels, flag: string) {
    this.labels = labels;
    this.flag = flag;
  }
}

export interface TcpRegistryOptions {
  /** Series at a time; what exceeds it is counted under labels that say `other`. Default 2000. */
  readonly maxSeries?: number;
  /** A series without a connection for this long is dropped. Default one hour. */
  readonly idleMs?: number;
}

/** All series of TCP connections of the sidecar. */
export class TcpRegistry {
  readonly #maxSeries: number;
  readonly #idleMs: number;
  readonly #series = new Map<string, TcpSeries>();

  constructor({ maxSeries = 2000, idleMs = 3_600_000 }: TcpRegistryOptions = {}) {
    this.#maxSeries = maxSeries;
    this.#idleMs = idleMs;
  }

  series(labels: TcpLabels, flag: string): TcpSeries {
    const known = this.#series.get(keyOf(labels, flag));
    if (known !== undefined) return known;
    if (this.#series.size < this.#maxSeries) return this.#add(labels, flag);
    const other = overflowLabels({ ...labels, route: '', isUnsent: false, protocol: 'tcp' });
    return this.#series.get(keyOf(other, flag)) ?? this.#add(other, flag);
  }

  all(): Iterable<TcpSeries> {
    return this.#series.values();
  }

  /** Drops what has been idle for too long; to be called now and then, with any monotonic clock. */
  sweep(nowMs: number): void {
    for (const [key, series] of this.#series) {
      if (series.opened !== series.quietAt || series.opened !== series.closed) {
        series.quietAt = series.opened;
        series.quietSinceMs = nowMs;
      } else if (nowMs - series.quietSinceMs >= this.#idleMs) {
        this.#series.delete(key);
      }
    }
  }

  #add(labels: TcpLabels, flag: string): TcpSeries {
    const series = new TcpSeries(labels, flag);
    this.#series.set(keyOf(labels, flag), series);
    return series;
  }
}

function keyOf(labels: TcpLabels, flag: string): string {
  return `${exposedKey({ ...labels, protocol: 'tcp' })}\n${labels.host}\n${flag}`;
}

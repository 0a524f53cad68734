import type { TcpLabels, TcpRegistry, TcpSeries } from './tcp-registry.ts';

/** TCP connections that one process counted and that another adds to its own: plain data, so that it can be sent. */
export interface TcpDelta {
  readonly labels: TcpLabels;
  readonly flag: string;
  readonly opened: number;
  readonly closed: number;
  /** When it was taken. */
  readonly open: number;
  readonly sentBytes: number;
  readonly receivedBytes: number;
}

/** Takes from a registry what was counted since it was last taken; the registry itself goes on as it is. */
export class TcpDeltas {
  readonly #registry: TcpRegistry;
  readonly #taken = new WeakMap<TcpSeries, Omit<TcpDelta, 'labels' | 'flag' | 'open'>>();

  constructor(registry: TcpRegistry) {
    this.#registry = registry;
  }

  /** `openToo` has a delta of zeros for connections that are open and idle. */
  take(max: number, openToo = false): TcpDelta[] {
    const deltas: TcpDelta[] = [];
    for (const series of this.#registry.all()) {
      if (deltas.length >= max) break;
      const { labels, flag, opened, closed, sentBytes, receivedBytes } = series;
      const before = this.#taken.get(series);
      const delta = {
        ...{ labels, flag },
        opened: opened - (before?.opened ?? 0),
        closed: closed - (before?.closed ?? 0),
        open: opened - closed,
        sentBytes: sentBytes - (before?.sentBytes ?? 0),
        receivedBytes: receivedBytes - (before?.receivedBytes ?? 0),
      };
      const isChanged = delta.opened + delta.closed + delta.sentBytes + delta.receivedBytes > 0;
      if (!isChanged && !(openToo && delta.open > 0)) continue;
      this.#taken.set(series, { opened, closed, sentBytes, receivedBytes });
      deltas.push(delta);
    }
    return deltas;
  }
}

/** Adds what another process counted, and knows which of its connections are open. */
export class AddedConnections {
  readonly #open = new Map<TcpSeries, number>();

  add(registry: TcpRegistry, deltas: readonly TcpDelta[]): void {
    for (const { labels, flag, opened, closed, sentBytes, receivedBytes } of deltas) {
      const series = registry.series(labels, flag);
      series.opened += opened;
      series.closed += closed;
      series.sentBytes += sentBytes;
      series.receivedBytes += receivedBytes;
      const open = (this.#open.get(series) ?? 0) + opened - closed;
      if (open === 0) this.#open.delete(series);
      else this.#open.set(series, open);
    }
  }

  /** The process has ended, and with it what it had open. */
  end(): void {
    for (const [series, open] of this.#open) series.closed += open;
    this.#open.clear();
  }
}

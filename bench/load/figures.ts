/** Everything that is measured, as the tables show it. */
export const figures = {
  /** CPU time of the proxy, user and system, all threads and processes; with two hops the mean of both. */
  cpuUsPerRequest: { header: 'CPU µs/request', digits: 1 },
  /** The same for 10⁹ bytes of bodies. */
  cpuMsPerGb: { header: 'CPU ms/GB', digits: 0 },
  /** Resident memory that one more idle connection takes, in 10³ bytes. */
  kbPerConnection: { header: 'kB/connection', digits: 1 },
  /** What the proxies add to the percentiles of the run without any in the same round. */
  addedP50Ms: { header: '+p50 ms', digits: 2 },
  addedP90Ms: { header: '+p90 ms', digits: 2 },
  addedP99Ms: { header: '+p99 ms', digits: 2 },
  requestsPerSecond: { header: 'requests/s', digits: 0 },
  p50Ms: { header: 'p50 ms', digits: 2 },
  p90Ms: { header: 'p90 ms', digits: 2 },
  p99Ms: { header: 'p99 ms', digits: 2 },
  /** Resident memory the moment the load ends, in 10⁶ bytes; with two hops that of the larger. */
  rssMb: { header: 'RSS MB', digits: 1 },
} as const satisfies Readonly<Record<string, { readonly header: string; readonly digits: number }>>;

export type FigureName = keyof typeof figures;

export const figureNames = Object.keys(figures) as FigureName[]; // its keys are just these

/** NaN: not a figure of this scenario, or of a row without a proxy. */
export type Measurement = Readonly<Record<FigureName, number>>;

/** Every figure by `of`. */
export function measurementOf(of: (name: FigureName) => number): Measurement {
  return Object.fromEntries(figureNames.map((name) => [name, of(name)])) as Measurement; // all names are there
}

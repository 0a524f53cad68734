/**
 * Nanoseconds of CPU time that one operation costs: the median of seven rounds after one that warms up. `run(count)`
 * repeats its operation itself, so that no call stands between two of them. CPU time, because other processes on a busy
 * machine would show in any other clock.
 */
export function nanosecondsPerOperation(run: (count: number) => void, count = 2_000_000): number {
  run(count);
  const rounds = Array.from({ length: 7 }, () => {
    const start = process.cpuUsage();
    run(count);
    const used = process.cpuUsage(start);
    return ((used.user + used.system) * 1000) / count;
  });
  rounds.sort((a, b) => a - b);
  return rounds[3] ?? Number.NaN;
}

/** One line of a report. */
export function report(name: string, run: (count: number) => void, count = 2_000_000): void {
  console.log(`${name.padEnd(60)} ${nanosecondsPerOperation(run, count).toFixed(1).padStart(8)} ns`);
}

import type { Style } from '../../cli/terminal/style.ts';
import type { Column } from '../../cli/terminal/table.ts';
import { formatTable } from '../../cli/terminal/table.ts';
import type { Measurement, Outcome } from './measure.ts';
import type { Circumstances } from './result-file.ts';
import type { Scenario } from './scenario.ts';

const baseline = 'haproxy';
const none = '–';

/** The table of one scenario under its name. The ratio is that of the CPU figures, to HAProxy's in the same run. */
export function formatScenario(scenario: Scenario, outcomes: readonly Outcome[], style: Style): string {
  const base = outcomes.find(({ proxy }) => proxy === baseline)?.measurement?.cpuUsPerRequest ?? Number.NaN;
  const figure = (header: string, digits: number, value: (measurement: Measurement) => number): Column<Outcome> => ({
    header,
    align: 'right',
    cell: ({ measurement }) => format(measurement === null ? Number.NaN : value(measurement), digits),
  });
  const columns: Column<Outcome>[] = [
    { header: 'PROXY', cell: ({ proxy }) => proxy },
    figure('CPU µs/request', 1, ({ cpuUsPerRequest }) => cpuUsPerRequest),
    figure('× HAProxy', 2, ({ cpuUsPerRequest }) => cpuUsPerRequest / base),
    figure('requests/s', 0, ({ requestsPerSecond }) => requestsPerSecond),
    figure('p50 ms', 2, ({ p50Ms }) => p50Ms),
    figure('p99 ms', 2, ({ p99Ms }) => p99Ms),
    figure('RSS MB', 1, ({ rssMb }) => rssMb),
  ];
  const absent = outcomes
    .filter(({ measurement }) => measurement === null)
    .map(({ proxy, reason, isFault }) => `${isFault ? style.bad : style.warning} ${proxy} not measured: ${reason}\n`);
  const title = `${style.paint('bold', scenario.name)}   ${scenario.summary}\n`;
  return title + formatTable(columns, outcomes, style) + absent.join('');
}

/** What the figures were made with and on, in three lines. */
export function formatCircumstances({ commit, machine, versions, method }: Circumstances): string {
  const seconds = method.roundMs / 1000;
  const programs = Object.entries(versions).map(([name, version]) => `${name} ${version ?? none}`);
  const pinning = method.isPinned
    ? 'each proxy on one core, load and upstream on the others'
    : 'not pinned: one core only, or no taskset; expect noise';
  return [
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB, Linux ${machine.kernel}; commit ${commit}`,
    programs.join(', '),
    `medians of ${method.rounds} interleaved rounds of ${seconds} s, ${method.connections} connections, ` +
      `${method.bodyBytes}-byte bodies, access logs off; ${pinning}`,
    '',
  ].join('\n');
}

function format(value: number, digits: number): string {
  return Number.isFinite(value) ? value.toFixed(digits) : none;
}

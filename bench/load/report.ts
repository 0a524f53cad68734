import type { Style } from '../../cli/terminal/style.ts';
import type { Column } from '../../cli/terminal/table.ts';
import { formatTable } from '../../cli/terminal/table.ts';
import type { FigureName, Measurement } from './figures.ts';
import { figures } from './figures.ts';
import { enoughPairs, pairedInterval } from './interval.ts';
import type { Outcome } from './measure.ts';
import { envoyName } from './peers/envoy.ts';
import { haproxyName } from './peers/haproxy.ts';
import { divide, figureOf } from './ratios.ts';
import type { Circumstances } from './result-file.ts';
import type { Scenario } from './scenario.ts';

export const none = '–';

/** The table of one scenario under its name. The ratios are those of its first figure, in the same run. */
export function formatScenario(scenario: Scenario, outcomes: readonly Outcome[], style: Style): string {
  const [main, ...others] = scenario.figures;
  const figure = (name: FigureName): Column<Outcome> => ({
    header: figures[name].header,
    align: 'right',
    cell: ({ measurement }) => formatFigure(measurement, name),
  });
  const times = (header: string, proxy: string): Column<Outcome>[] => {
    if (!scenario.peers.some(({ name }) => name === proxy)) return [];
    const base = figureOf(outcomes, proxy, main);
    const cell = (outcome: Outcome) => format(divide(figureOf([outcome], outcome.proxy, main), base), 2);
    return [{ header, align: 'right', cell }];
  };
  const columns: Column<Outcome>[] = [
    { header: 'PROXY', cell: ({ proxy }) => proxy },
    figure(main),
    ...times('× HAProxy', haproxyName),
    ...times('× Envoy', envoyName),
    ...others.map(figure),
  ];
  const remarks = outcomes
    .filter(({ remark, measurement }) => remark !== null && measurement !== null)
    .map(({ proxy, remark }) => `  ${proxy}: ${remark}\n`);
  const absent = outcomes
    .filter(({ measurement }) => measurement === null)
    .map(({ proxy, reason, isFault }) => `${isFault ? style.bad : style.warning} ${proxy} not measured: ${reason}\n`);
  const title = `${style.paint('bold', scenario.name)}   ${scenario.summary}\n`;
  return title + formatTable(columns, outcomes, style) + [...remarks, ...absent].join('');
}

/** The first proxy beside each of the others, or each of them beside the first, pair by pair: for differences that are smaller than the noise. */
export function formatPairs(scenario: Scenario, outcomes: readonly Outcome[]): string {
  const [figure] = scenario.figures;
  const values = ({ starts }: Outcome) => starts.map((rounds) => rounds.map((round) => round[figure]));
  const [first, ...others] = outcomes.filter((outcome) => values(outcome).flat().some(Number.isFinite));
  if (first === undefined) return '';
  return others
    .map((other) => {
      const [ours, theirs] = scenario.comparesToFirst ? [other, first] : [first, other];
      const found = pairedInterval(values(ours), values(theirs));
      if (found === null) return '';
      const { ratio, low, high, pairs, starts } = found;
      const doubt = pairs < enoughPairs ? '; too few to believe a difference under 5 %' : '';
      const range = `95 %: ${format(low, 3)} to ${format(high, 3)}`;
      const count = starts === 1 ? `${pairs} pairs` : `${pairs} pairs of ${starts} starts`;
      return `  ${ours.proxy} / ${theirs.proxy}, ${figures[figure].header}: ${format(ratio, 3)} (${range}, ${count}${doubt})\n`;
    })
    .join('');
}

/** What the figures were made with and on, in three lines. */
export function formatCircumstances({ commit, machine, versions, method }: Circumstances): string {
  const seconds = method.roundMs / 1000;
  const programs = Object.entries(versions).map(([name, version]) => `${name} ${version ?? none}`);
  const starts = method.processes === 1 ? 'in one start' : `in each of ${method.processes} starts`;
  const pinning = method.isPinned
    ? 'each proxy on one core, load and upstream on the others'
    : 'not pinned: one core only, or no taskset; expect noise';
  return [
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB, Linux ${machine.kernel}; commit ${commit}`,
    programs.join(', '),
    `medians of ${method.rounds} interleaved rounds of ${seconds} s ${starts}, ${method.connections} connections and ` +
      `${method.bodyBytes}-byte bodies where nothing else is said, access logs off; ${pinning}`,
    '',
  ].join('\n');
}

export function formatFigure(measurement: Measurement | null, name: FigureName): string {
  return format(measurement?.[name] ?? null, figures[name].digits);
}

export function format(value: number | null, digits: number): string {
  return value !== null && Number.isFinite(value) ? value.toFixed(digits) : none;
}

import { figures } from './figures.ts';
import type { Outcome } from './measure.ts';
import { directName } from './peers/direct.ts';
import { envoyName } from './peers/envoy.ts';
import { haproxyName } from './peers/haproxy.ts';
import { heddleName } from './peers/heddle.ts';
import { figureOf, ratioOf } from './ratios.ts';
import { format, formatCircumstances } from './report.ts';
import type { Circumstances } from './result-file.ts';
import type { Scenario, Target } from './scenario.ts';

const unmeasured = 'not measured';

/** The README's table: a row for each scenario, by the figure that proxies are compared by, and what it was made with. */
export function formatMarkdown(
  circumstances: Circumstances,
  selected: readonly Scenario[],
  outcomes: readonly Outcome[],
): string {
  const others = [...new Set(selected.flatMap(({ peers }) => peers.map(({ name }) => name)))].filter(
    (name) => ![heddleName, haproxyName, envoyName, directName].includes(name),
  );
  const header = [
    'scenario',
    'figure',
    heddleName,
    haproxyName,
    envoyName,
    ...others,
    '× HAProxy',
    '× Envoy',
    'target',
  ];
  const rows = selected.map((scenario) => {
    const own = outcomes.filter((outcome) => outcome.scenario === scenario.name);
    const [figure] = scenario.figures;
    const { digits, header: name } = figures[figure];
    const cell = (proxy: string) =>
      scenario.peers.some((peer) => peer.name === proxy)
        ? (formatted(figureOf(own, proxy, figure), digits) ?? unmeasured)
        : '';
    const { timesHaproxy, timesEnvoy, keepsTarget } = ratioOf(scenario, own);
    const times = (value: number | null) => formatted(value, 2) ?? unmeasured;
    return [
      scenario.name,
      name,
      ...[heddleName, haproxyName, envoyName, ...others].map(cell),
      times(timesHaproxy),
      times(timesEnvoy),
      targetText(scenario.target) + (keepsTarget === false ? ', **missed**' : ''),
    ];
  });
  const lines = [header, header.map((_, column) => (column < 2 ? '---' : '--:')), ...rows];
  const table = lines.map((cells) => `| ${cells.join(' | ')} |\n`).join('');
  return `${table}\n${formatCircumstances(circumstances).trim().split('\n').join('; ')}\n`;
}

function targetText(target: Target | null): string {
  if (target === null) return 'none';
  return [
    target.timesHaproxy === undefined ? [] : [`≤ ${target.timesHaproxy} × HAProxy`],
    target.timesEnvoy === undefined ? [] : [`≤ ${target.timesEnvoy} × Envoy`],
    target.atMost === undefined ? [] : [`≤ ${target.atMost}`],
  ]
    .flat()
    .join(', ');
}

function formatted(value: number | null, digits: number): string | null {
  return value === null ? null : format(value, digits);
}

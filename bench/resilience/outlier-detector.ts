import { OutlierDetector } from '../../proxy/resilience/outlier/outlier-detector.ts';
import { envoyOutlierDefaults } from '../../proxy/resilience/outlier/outlier-settings.ts';
import { report } from '../measure.ts';

/** A detector that watches so many endpoints and ejects nobody. */
function watching(endpoints: number, splitsLocalOriginErrors: boolean) {
  const settings = { ...envoyOutlierDefaults, splitsLocalOriginErrors };
  const nothing = { onEvent() {}, onChange() {} };
  const detector = new OutlierDetector(settings, { now: () => 0, random: Math.random }, nothing);
  return { detector, records: Array.from({ length: endpoints }, (_, index) => detector.track(`10.0.0.${index}:80`)) };
}

for (const splits of [false, true]) {
  const { detector, records } = watching(16, splits);
  const [first] = records;
  if (first === undefined) throw new Error('no endpoint');
  report(`outlier detection: an answer, local errors apart: ${splits}`, (count) => {
    for (let i = 0; i < count; i++) detector.report(records[i & 15] ?? first, 200);
  });
}
const { detector, records } = watching(5_000, false);
report(
  'outlier detection: an interval of 5000 endpoints',
  (count) => {
    for (let i = 0; i < count; i++) {
      for (const record of records) detector.report(record, 200);
      detector.sweep(i);
    }
  },
  20,
);

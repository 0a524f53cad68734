import { describe, expect, it } from 'vitest';
import { sumSamples } from './prometheus-text.ts';

const page = `# HELP istio_requests_total Requests.
# TYPE istio_requests_total counter
istio_requests_total{reporter="source",destination_version="v1",response_code="200"} 90
istio_requests_total{reporter="source",destination_version="v2",response_code="200"} 10 1700000000000
istio_requests_total{reporter="destination",destination_version="v1",note="a \\"b\\", c=\\"d\\"}\\n"} 7
istio_requests_total_more{reporter="source"} 1000
up 1
`;

describe('sumSamples', () => {
  it.each([
    ['istio_requests_total', {}, 107],
    ['istio_requests_total', { reporter: 'source' }, 100],
    ['istio_requests_total', { reporter: 'source', destination_version: 'v2' }, 10],
    ['istio_requests_total', { note: 'a "b", c="d"}\n' }, 7],
    ['istio_requests_total', { reporter: 'nobody' }, 0],
    ['up', {}, 1],
    ['absent', {}, 0],
  ])('%s %j is %i', (metric, labels, sum) => expect(sumSamples(page, metric, labels)).toBe(sum));
});

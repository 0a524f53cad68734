import { describe, expect, it } from 'vitest';
import { readH2loadReport } from './h2load.ts';

const report = `starting benchmark...
finished in 1.00s, 329936.00 req/s, 334.79MB/s
requests: 329936 total, 330064 started, 329936 done, 329936 succeeded, 0 failed, 0 errored, 0 timeout
status codes: 329941 2xx, 0 3xx, 0 4xx, 0 5xx
traffic: 334.79MB (351053072) total, 3.78MB (3960120) headers (space savings 93.10%), 322.20MB (337854464) data
                     min         max         mean         sd        +/- sd
time for request:       48us      8.88ms       374us       278us    98.04%
`;

describe('readH2loadReport', () => {
  it('reads requests, rate and bytes of bodies, and takes answers that have only begun for no errors', () => {
    expect(readH2loadReport(report)).toEqual({
      requests: 329_936,
      requestsPerSecond: 329_936,
      badAnswers: 0,
      failedRequests: 0,
      bodyBytes: 337_854_464,
    });
  });

  it('counts answers that are errors, and requests that failed', () => {
    const faulty = report
      .replace('0 failed, 0 errored', '12 failed, 10 errored')
      .replace('0 3xx, 0 4xx, 0 5xx', '1 3xx, 2 4xx, 3 5xx');
    expect(readH2loadReport(faulty)).toMatchObject({ badAnswers: 6, failedRequests: 12 });
  });

  it.each([
    ['finished in', 'no rate'],
    ['requests:', 'no requests'],
    ['status codes', 'no status codes'],
    ['traffic', 'no traffic'],
  ])('refuses a report without its line "%s"', (part, complaint) => {
    const rest = report.split('\n').filter((line) => !line.startsWith(part));
    expect(() => readH2loadReport(rest.join('\n'))).toThrow(complaint);
  });

  it('takes a run without a single answer for no figure', () => {
    const silent = report.replace('329936 done', '0 done').replace('0 failed', '7 failed');
    expect(() => readH2loadReport(silent)).toThrow('h2load completed no request: 7 failed');
  });
});

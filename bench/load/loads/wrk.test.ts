import { describe, expect, it } from 'vitest';
import { readWrkReport } from './wrk.ts';

const report = `Running 3s test @ http://127.0.0.1:9103/
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     2.09ms   10.16ms  92.38ms   89.79%
    Req/Sec    41.28k     3.51k   57.33k    72.50%
  Latency Distribution
     50%  840.00us
     75%    1.20ms
     90%    2.11ms
     99%    1.05s 
  124083 requests in 3.02s, 154.78MB read
Requests/sec:  41087.09
Transfer/sec:     51.25MB
`;

describe('readWrkReport', () => {
  it('reads requests, rate and percentiles, whatever their unit', () => {
    expect(readWrkReport(report)).toEqual({
      requests: 124_083,
      requestsPerSecond: 41_087.09,
      p50Ms: 0.84,
      p90Ms: 2.11,
      p99Ms: 1050,
      badAnswers: 0,
      socketErrors: 0,
    });
  });

  it('counts answers that are errors, and broken connections of every kind', () => {
    const faulty = report.replace(
      'Requests/sec',
      '  Socket errors: connect 1, read 20, write 300, timeout 4000\n  Non-2xx or 3xx responses: 77\nRequests/sec',
    );
    expect(readWrkReport(faulty)).toMatchObject({ badAnswers: 77, socketErrors: 4321, requests: 124_083 });
  });

  it('reads minutes, which wrk uses from a hundred seconds up', () => {
    expect(readWrkReport(report.replace('1.05s', '1.50m')).p99Ms).toBe(90_000);
  });

  it.each([
    ['requests in', 'no number of requests'],
    ['Requests/sec', 'no rate'],
    ['50%', 'no median'],
    ['90%', 'no 90th percentile'],
    ['99%', 'no 99th percentile'],
  ])('refuses a report without its line "%s"', (part, complaint) => {
    const rest = report.split('\n').filter((line) => !line.includes(part));
    expect(() => readWrkReport(rest.join('\n'))).toThrow(complaint);
  });

  it('refuses a time in a unit that it does not know', () => {
    expect(() => readWrkReport(report.replace('840.00us', '840.00ns'))).toThrow('840.00ns');
  });

  it('says so when wrk printed nothing', () => {
    expect(() => readWrkReport('')).toThrow('nothing at all');
  });
});

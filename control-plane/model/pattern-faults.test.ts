import { describe, expect, it } from 'vitest';
import { formatPath } from './document-violation.ts';
import { patternFaults } from './pattern-faults.ts';

function faults(kind: string, spec: unknown): readonly string[] {
  return [...patternFaults(kind, { spec })].map(({ path, message }) => `${formatPath(path)}: ${message}`);
}

const pattern = (value: string) => ({ type: 'RegularExpression', name: 'x', value });

describe('patternFaults', () => {
  it('finds patterns wherever they stand, however wrong everything around them is', () => {
    expect(faults('HTTPRoute', { rules: [null, { matches: [{ headers: [7, pattern('[')], path: 'x' }] }] })).toEqual([
      'spec.rules[1].matches[0].headers[1].value: the pattern is not a pattern as RE2 reads it: missing closing ]: `[`',
    ]);
    expect(faults('HTTPRoute', null)).toEqual([]);
    expect(faults('Service', { rules: [pattern('[')] })).toEqual([]);
  });

  it('tells which half of a call is wrong, and when it is both together', () => {
    const call = (service: string, method: string) => [{ type: 'RegularExpression', service, method }];
    expect(faults('GRPCRoute', call('a', '['))).toEqual([
      expect.stringMatching(/^spec\[0\]\.method: the pattern is not/),
    ]);
    expect(faults('GRPCRoute', call('a{200}', 'b{200}'))).toEqual([
      expect.stringMatching(/^spec\[0\]: the pattern of service and method together compiles to 40\d steps/),
    ]);
    expect(faults('GRPCRoute', call('', 'b'))).toEqual([]);
  });

  it('counts what is made of the path of a limit', () => {
    const limit = { clientSelectors: [{ path: pattern('/a{295}') }] };
    expect(faults('BackendTrafficPolicy', limit)).toEqual([
      expect.stringMatching(/^spec\.clientSelectors\[0\]\.path\.value: the pattern compiles to 30\d steps/),
    ]);
    expect(faults('HTTPRoute', { path: pattern('/a{295}') })).toEqual([]);
  });

  it('has less room in a policy than in a route', () => {
    const many = Array.from({ length: 129 }, (_, index) => pattern(`a${index}`));
    expect(faults('BackendTrafficPolicy', many)).toEqual([
      'spec[128].value: the pattern is one too many: one BackendTrafficPolicy has at most 128 different patterns and 8192 parts in them together; write Exact where they do, or one pattern for several cases, such as (cart|basket)',
    ]);
    expect(faults('HTTPRoute', many)).toEqual([]);
  });

  it('looks at none behind the one that is too many', () => {
    const many = Array.from({ length: 100_000 }, (_, index) => pattern(`${index}[a-z]{290}`));
    expect(faults('HTTPRoute', [...many, pattern('[')])).toHaveLength(1);
  });
});

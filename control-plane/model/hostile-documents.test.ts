import { describe, expect, it } from 'vitest';
import { parseDocuments } from './parse-documents.ts';

const many = 12_000;
const list = (item: (index: number) => string) => Array.from({ length: many }, (_, index) => item(index)).join(',');
const service = (spec: string, metadata = '"name":"a"') =>
  `{"apiVersion":"v1","kind":"Service","metadata":{${metadata}},"spec":{${spec}}}`;
const route = (rule: string) =>
  `{"apiVersion":"gateway.networking.k8s.io/v1","kind":"HTTPRoute","metadata":{"name":"a"},"spec":{"rules":[{${rule}}]}}`;
const pattern = (value: string) => `{"path":{"type":"RegularExpression","value":"${value}"}}`;
const workload = (ports: string) =>
  `{"apiVersion":"heddle.dev/v1alpha1","kind":"Workload","metadata":{"name":"a"},"spec":{"address":"::1","ports":[${ports}]}}`;

/** Documents within all bounds of size that make as many faults, and as long ones, as they can. */
describe('documents made to be expensive', () => {
  it.each([
    ['unknown fields', service(list((index) => `"portz${index}":1`))],
    ['ports that are no ports', service(`"ports":[${list(() => '"x"')}]`)],
    ['ports of one number', service(`"ports":[${list(() => '{"port":1}')}]`)],
    ['ports of a workload', workload(list((index) => `{"port":${(index % 65535) + 1}}`))],
    ['misspelled methods', route(`"matches":[${list(() => '{"method":"GTE"}')}]`)],
    ['headers', route(`"matches":[{"headers":[${list((index) => `{"name":"a${index}","value":"b"}`)}]}]`)],
    ['filters', route(`"filters":[${list(() => '{"type":"URLRewrite"}')}]`)],
    ['backends', route(`"backendRefs":[${list(() => '{}')}]`)],
    ['labels', service('', `"name":"a","labels":{${list((index) => `"l${index} ":"v"`)}}`)],
    ['letters in a name', service('', `"name":"${'a.'.repeat(many * 80)}!"`)],
    ['letters in a path', route(`"matches":[{"path":{"value":"/${'%41'.repeat(many * 40)}"}}]`)],
    ['letters in a header', route(`"matches":[{"headers":[{"name":"a","value":"${' a'.repeat(many * 80)} "}]}]`)],
    ['patterns', route(`"matches":[${list((index) => pattern(`/${index}/(?i)[a-z]{200}`))}]`)],
    [
      'patterns of thousands of steps',
      route(`"matches":[${list((index) => pattern(`/${index}${'a{0,1000}'.repeat(5)}`))}]`),
    ],
    ['patterns that are none', route(`"matches":[${list((index) => pattern(`/${index}[`))}]`)],
    ['letters in a key', service(`"${'a'.repeat(many * 80)}":1`)],
  ])('thousands of %s are answered with a few faults', (_, text) => {
    const { documents, violations } = parseDocuments(text);
    expect(documents).toEqual([]);
    expect(violations.length).toBeGreaterThan(0);
    expect(violations.length).toBeLessThanOrEqual(101);
    expect(JSON.stringify(violations).length).toBeLessThan(100_000);
  });
});

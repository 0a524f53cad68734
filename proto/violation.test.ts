import { describe, expect, it } from 'vitest';
import { describeViolations, root, Violations } from './violation.ts';

describe('Path', () => {
  it('reads as the field would be written', () => {
    const weight = root.field('virtual_hosts').index(0).field('routes').index(2).field('route');
    expect(`${weight}`).toBe('virtual_hosts[0].routes[2].route');
    expect(`${root.field('typed_extension_protocol_options').key('a.b"c')}`).toBe(
      'typed_extension_protocol_options["a.b\\"c"]',
    );
    expect(`${root}`).toBe('');
  });

  it('cuts a key that is long', () => {
    expect(`${root.key('x'.repeat(5000))}`.length).toBeLessThan(110);
  });
});

describe('Violations', () => {
  it('keeps a hundred and counts the rest', () => {
    const violations = new Violations();
    expect(violations.isEmpty).toBe(true);
    for (let index = 0; index < 250; index += 1) {
      violations.add(root.index(index), 'is wrong');
    }
    const list = violations.list();
    expect(list).toHaveLength(101);
    expect(list[99]).toEqual({ path: '[99]', message: 'is wrong' });
    expect(list[100]).toEqual({ path: '', message: 'has 150 more violations' });
    expect(violations.isEmpty).toBe(false);
  });

  it('read as one line', () => {
    expect(
      describeViolations([
        { path: 'name', message: 'is required' },
        { path: '', message: 'is too large' },
      ]),
    ).toBe('name: is required; is too large');
  });
});

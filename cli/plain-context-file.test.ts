import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { readPlainContextFile } from './plain-context-file.ts';

describe('readPlainContextFile', () => {
  it('reads what a control plane writes, as YAML is read', () => {
    const context = { api: 'http://127.0.0.1:15080', token: 'heddle-admin-a_b-C9', hostToken: '/home/me/host-token' };
    const contexts = [
      { name: 'local', ...context },
      { name: 'demo-1', ...context, api: 'https://mesh.example:1/a~b' },
    ];
    const text = stringify({ contexts, currentContext: 'local' });
    expect(readPlainContextFile(text)).toEqual({ contexts, currentContext: 'local' });
  });

  it('leaves every other text to a parser of YAML', () => {
    const good = 'contexts:\n  - name: a\n    api: http://a\ncurrentContext: a\n';
    expect(readPlainContextFile(good)).toEqual(parse(good));
    for (const [from, to] of [
      ['name: a', 'name: "a"'],
      ['name: a', 'name: 12'],
      ['name: a', 'name: True'],
      ['name: a', 'name: a # first'],
      ['name: a', 'name: &x a'],
      ['name: a', 'name: a:'],
      ['name: a', '? name'],
      ['    api', '      api'],
      ['    api', '  api'],
      ['    api', '    name'],
      ['contexts:', 'contexts: # mine'],
      ['contexts:', '%YAML 1.2\n---\ncontexts:'],
      ['currentContext: a', 'currentContext: a\ncurrentContext: b'],
      ['currentContext: a', 'currentContext: a\nmore: b'],
      ['currentContext: a', '---'],
      ['currentContext: a\n', ''],
    ] as const) {
      expect(good).toContain(from);
      expect(readPlainContextFile(good.replace(from, to)), to).toBeNull();
    }
    expect(readPlainContextFile('')).toBeNull();
  });

  it('never reads anything otherwise than YAML does', () => {
    const piece = fc.constantFrom(
      'contexts:',
      '  - ',
      '- ',
      '    ',
      '  ',
      'name: ',
      'api: ',
      'currentContext: ',
      'a',
      'null',
      '/b',
      ':',
      '#',
      ' ',
      '\n',
      '1',
      '~',
      '|',
      '-',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
        const text = `contexts:\n  - name: a\n${pieces.join('')}\ncurrentContext: a\n`;
        const plain = readPlainContextFile(text);
        if (plain !== null) expect(plain).toEqual(parse(text));
      }),
      { numRuns: 2000 },
    );
  });
});

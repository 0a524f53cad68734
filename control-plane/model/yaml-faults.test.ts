import { describe, expect, it } from 'vitest';
import { readYaml } from './read-yaml.ts';

const faultsOf = (text: string) =>
  readYaml(text, 10).faults.map(({ message, position }) => `${position?.line}:${position?.column} ${message}`);

describe('yamlFaults', () => {
  it.each([
    [
      'a line between two indentations',
      'a:\n  b:\n     c: 1\n   d: 2\n   e: 3\n',
      ['4:4 indented by 3 spaces and stands beside nothing: c (line 3) has 5, b (line 2) has 2'],
    ],
    [
      'fields of an item that begin below its dash',
      'refs:\n  - group: ""\n  kind: Service\n',
      ['3:3 indented by 2 spaces and stands beside nothing: group (line 2) has 4, refs (line 1) has 0'],
    ],
    [
      'a field below a value',
      'a: 1\n  b: 2\n',
      ['2:3 indented by 2 spaces and stands beside nothing: a (line 1) has 0'],
    ],
    ['a colon in a text', 'a: Sorry: closed\n', ['1:4 put the text in quotes: ": " inside of it begins a field']],
    ['a star', 'a: [*]\n', ['1:5 put it in quotes, "*": a * begins a reference in YAML']],
    [
      'a star before a name',
      'a: *.example.com\n',
      ['1:1 put it in quotes, "*.example.com": a * begins a reference in YAML'],
    ],
    ['an at sign', 'a: @b\n', ['1:4 put it in quotes: no text begins with @ in YAML']],
    ['a percent sign', 'a: %b\n', ['1:4 put it in quotes: no text begins with % in YAML']],
    ['a field without a colon', 'a: 1\nname cart\nb: 1\n', ['2:1 write "name: cart": a colon is missing']],
    ['a name without a colon', 'a: 1\nretry\n', ['2:1 write "retry:": a colon is missing']],
    ['a colon without a space', 'a: 1\nname:cart\n', ['2:1 write "name: cart": a space is missing after the colon']],
    ['a brace that stays open', 'a: { b: { c: 1 }\nd: 2\n', ['1:4 this { is never closed: a } is missing']],
    ['a bracket that stays open', 'a: [1, 2\nb: 3\n', ['1:4 this [ is never closed: a ] is missing']],
    ['a brace too many', 'a: {b: 1}}\n', ['1:10 this } closes nothing']],
    ['a quote that stays open', 'a: "x\nb: 1\n', ['1:4 this quote is never closed']],
    [
      'a quote inside of quotes',
      "a: 'it's'\n",
      ["1:8 the text goes on after its closing quote: put all of it in quotes, and write '' for a ' inside"],
    ],
    ['a list beside its field', 'a: - b\n', ['1:4 begin the list on the next line']],
    [
      'a field after an item',
      'a:\n  - { b: 1 }\n    c: 2\n',
      ['3:5 begin each item of the list with "- "; a field of the item above stands inside of it'],
    ],
    [
      'a document without its mark',
      'apiVersion: v1\nkind: A\nspec: 1\napiVersion: v1\nkind: B\nspec: 2\n',
      ['4:1 a second document begins here: write a line --- before it'],
    ],
    ['a field that is there twice', 'a:\n  b: 1\n  b: 2\n', ['3:3 this field stands here twice, first on line 2']],
    ['a tab', 'a:\n\tb: 1\n', ['2:1 indent with spaces: YAML does not allow tabs there']],
  ])('says of %s what to change, and where', (_, text, faults) => {
    expect(faultsOf(text)).toEqual(faults);
  });

  it('says no more than twenty, however many there are', () => {
    const text = `a:\n${'  b: @x\n'.repeat(3000)}`;
    expect(faultsOf(text).filter((fault) => fault.includes('no text begins with'))).toHaveLength(20);
  });

  it('stays within a moment for a text that is nothing but mistakes', () => {
    const beganAt = performance.now();
    for (const text of [`${'-'.repeat(200_000)}:\n x\n`, `a: ${'{'.repeat(60)}${' '.repeat(200_000)}b\nc: 1\n`])
      faultsOf(text);
    expect(performance.now() - beganAt).toBeLessThan(5000);
  });
});

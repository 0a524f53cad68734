/**
 * What a pattern costs to compile, told before it is compiled: a pattern of 4096 characters can take seconds, long before
 * the library notices that it has become too large (`a{0,1000}` 455 times: 3.3 s; `[\x{80}-\x{ffff}]` without regard to
 * case 242 times: 0.5 s).
 *
 * A part is a character, a class or an operator; counts in braces are written out, so that `(ab){20}` has about 40. What
 * stands in a class counts once however often the class is repeated, as it is read once. Not fewer than half of what RE2
 * makes of the pattern, mostly about as many; more when branches begin alike. One part takes 5 µs at most, mostly 1 µs.
 *
 * A pattern that is none may have any number: the library says what is wrong with it.
 */
export function patternParts(pattern: string): number | { readonly fault: string } {
  const open: Group[] = [];
  let group: Group = { parts: 0, last: 0 };
  let inClasses = 0;
  for (const { 0: text, groups } of pattern.matchAll(TOKEN)) {
    if (groups?.quoted !== undefined) {
      append(group, groups.quoted.length);
      group.last = 1;
    } else if (groups?.count !== undefined) {
      repeat(group, Number(groups.count), groups.upTo);
    } else if (groups?.set !== undefined) {
      for (const [code] of text.slice(1, -1).matchAll(IN_CLASS)) {
        if (isBeyondByte(code)) return { fault: beyondBytes };
        inClasses += weightOf(code);
      }
      append(group, 1);
    } else if (text.startsWith('(')) {
      // `(?i)` changes what follows, and is no group
      if (text.endsWith(')')) continue;
      open.push(group);
      group = { parts: 2, last: 0 };
    } else if (text === ')') {
      const { parts } = group;
      group = open.pop() ?? { parts: 0, last: 0 };
      append(group, parts);
    } else if (text === '|') {
      group.parts += 1;
      group.last = 0;
    } else if (text === '*' || text === '+' || text === '?') {
      group.parts += 2;
      group.last += 2;
    } else {
      if (isBeyondByte(text)) return { fault: beyondBytes };
      append(group, weightOf(text));
    }
  }
  return inClasses + group.parts + open.reduce((sum, { parts }) => sum + parts, 0);
}

/** Of one pair of parentheses; `last` is what a count behind it would repeat. */
interface Group {
  parts: number;
  last: number;
}

function append(group: Group, parts: number): void {
  group.parts += parts;
  group.last = parts;
}

function repeat(group: Group, least: number, most: string | undefined): void {
  const { last } = group;
  let parts = last * least;
  if (most === '') parts += last + 2;
  else if (most !== undefined) parts = least * last + Math.max(Number(most) - least, 0) * (last + 1);
  group.last = Math.max(parts, last);
  group.parts += group.last - last;
}

/** As RE2 reads a pattern outside of a class; whatever is no token of its own is one character. */
const TOKEN = new RegExp(
  [
    String.raw`\\Q(?<quoted>.*?)(?:\\E|$)`,
    String.raw`\\x\{[^}]*\}?|\\x..|\\[0-7]{1,3}|\\.`,
    String.raw`(?<set>\[\^?\]?(?:\[:\^?[a-z]{1,6}:\]|\\.|[^\]\\])*\]?)`,
    String.raw`\(\?P?<[^>]*>?|\(\?[a-zA-Z-]*[:)]?`,
    String.raw`\{(?<count>\d{1,4})(?:,(?<upTo>\d{0,4}))?\}`,
    '.',
  ].join('|'),
  'gs',
);

/** One of what a class holds; a range is three. */
const IN_CLASS = /\[:\^?[a-z]{1,6}:\]|\\x\{[^}]*\}?|\\x..|\\[0-7]{1,3}|\\.|./gs;

const beyondBytes =
  'asks for characters beyond one byte, which no text of a request has: write those that are meant, such as [A-Za-z] for \\pL';

/** Of one character; those that stand for half of all take as long as four others, without regard to case above all. */
function weightOf(code: string): number {
  return /^(?:\\[DSWx0-7]|\[:)/.test(code) ? 4 : 1;
}

function isBeyondByte(code: string): boolean {
  if (/^\\[pP]/.test(code)) return true;
  if (code.startsWith('\\x{')) return Number.parseInt(code.slice(3), 16) > 0xff;
  return /^\\[4-7][0-7][0-7]/.test(code);
}

import type { YAMLParseError, YAMLWarning } from 'yaml';
import type { TextPosition } from './document-text.ts';
import { indentationInWords } from './yaml-indentation.ts';

/** Further faults of one document are left out: the first ones are put right first, and each costs a look at the text. */
const maxFaults = 20;

/** A fault of a text, before anybody knows its line: `offset` is where to look, which need not be where it showed. */
export interface YamlFault {
  readonly message: string;
  readonly offset: number;
}

type YamlError = YAMLParseError | YAMLWarning;

/**
 * What the yaml library says about a text, as what to change: it speaks of its grammar, and points at where it noticed. One
 * mistake makes it complain several times, so what it says further about the same line is left out.
 */
export function yamlFaults(
  errors: readonly YamlError[],
  text: string,
  position: (offset: number) => TextPosition,
): readonly YamlFault[] {
  const faults: YamlFault[] = [];
  const lines = new Set<number>();
  const openQuote = errors.find(({ message }) => message.startsWith('Missing closing'))?.pos[0];
  let badIndent = '';
  for (const error of errors) {
    if (faults.length >= maxFaults) break;
    const isAfterQuote = error.pos[0] === openQuote && !error.message.startsWith('Missing closing');
    const { line } = position(error.pos[0]);
    if (isAfterQuote || lines.has(line)) continue;
    lines.add(line);
    const fault = faultOf(error, text);
    const { column } = position(fault.offset);
    const indent = error.code === 'BAD_INDENT' ? `${column} ${error.message}` : '';
    // the lines below one that is indented wrongly are so as well
    if (indent === '' || indent !== badIndent) faults.push(fault);
    badIndent = indent;
  }
  return faults;
}

function faultOf({ code, message, pos }: YamlError, text: string): YamlFault {
  const [start, end] = pos;
  const rest = text.slice(start, lineEnd(text, start));
  switch (code) {
    case 'TAB_AS_INDENT':
      return { offset: start, message: 'indent with spaces: YAML does not allow tabs there' };
    case 'BAD_ALIAS':
      return { offset: start, message: starInWords(`*${rest.slice(1).split(/[\s,\]}]/)[0]}`) };
    case 'BAD_SCALAR_START':
      return { offset: start, message: `put it in quotes: no text begins with ${rest.charAt(0)} in YAML` };
    case 'BAD_INDENT':
      return message.startsWith('Flow')
        ? unclosed(text, start, message.includes('}') ? '{' : '[')
        : indented(text, start);
    case 'BLOCK_AS_IMPLICIT_KEY':
      return /: |:$/.test(rest)
        ? { offset: start, message: 'put the text in quotes: ": " inside of it begins a field' }
        : { ...indented(text, lineEnd(text, start) + 1) };
    case 'MULTILINE_IMPLICIT_KEY':
      return withoutColon(rest, start);
    case 'MISSING_CHAR':
      if (message.startsWith('Missing closing')) return openQuote(text, start, message);
      if (message.startsWith('Implicit map keys')) return withoutColon(text.slice(start, end), start);
      if (message.startsWith('Sequence item')) {
        return {
          offset: lineBody(text, start),
          message: 'begin each item of the list with "- "; a field of the item above stands inside of it',
        };
      }
      break;
    case 'UNEXPECTED_TOKEN':
      if (/-end token/.test(message)) return { offset: start, message: `this ${rest.charAt(0)} closes nothing` };
      if (message.includes('block-seq-ind')) return { offset: start, message: 'begin the list on the next line' };
      if (/["']/.test(text.charAt(start - 1)) || /["'] +$/.test(text.slice(Math.max(0, start - 8), start))) {
        return {
          offset: start,
          message: "the text goes on after its closing quote: put all of it in quotes, and write '' for a ' inside",
        };
      }
      if (message.includes('at node end')) return indented(text, start);
      break;
    default:
  }
  const [firstLine = message] = message.split('\n');
  return { offset: start, message: `not YAML: ${firstLine.charAt(0).toLowerCase()}${firstLine.slice(1, 300)}` };
}

/** A `*` begins a reference to something that has a name in the same document, which hardly anybody means. */
export function starInWords(word: string): string {
  return `put it in quotes, "${word.slice(0, 64)}": a * begins a reference in YAML`;
}

function indented(text: string, offset: number): YamlFault {
  const body = lineBody(text, offset);
  return { offset: body, message: indentationInWords(text, body) };
}

/** The last bracket before that is still open there. */
function unclosed(text: string, offset: number, bracket: '{' | '['): YamlFault {
  const closing = bracket === '{' ? '}' : ']';
  let open = 0;
  for (let at = offset - 1; at >= 0; at--) {
    if (text.charAt(at) === closing) open++;
    else if (text.charAt(at) === bracket && --open < 0)
      return { offset: at, message: `this ${bracket} is never closed: a ${closing} is missing` };
  }
  return { offset, message: `a ${closing} is missing` };
}

/** Nothing closes it, so it is the last one of its kind. */
function openQuote(text: string, offset: number, message: string): YamlFault {
  const at = text.lastIndexOf(message.includes("'") ? "'" : '"', offset - 1);
  return { offset: Math.max(0, at), message: 'this quote is never closed' };
}

function withoutColon(written: string, offset: number): YamlFault {
  const [line = ''] = written.split('\n');
  const words = line.trim().slice(0, 64);
  const [name = '', value = ''] = words.split(/:|\s+/, 2);
  if (value === '') return { offset, message: `write "${name}:": a colon is missing` };
  const what = words.startsWith(`${name}:`) ? 'a space is missing after the colon' : 'a colon is missing';
  return { offset, message: `write "${name}: ${words.slice(name.length + 1).trim()}": ${what}` };
}

/** Where the line's own text begins. */
function lineBody(text: string, offset: number): number {
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  const indent = /^ */.exec(text.slice(start, start + 500))?.[0].length ?? 0;
  return start + indent;
}

function lineEnd(text: string, offset: number): number {
  const end = text.indexOf('\n', offset);
  return end < 0 ? text.length : end;
}

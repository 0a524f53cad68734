import type { ModelDocument } from '../../control-plane/model/kinds.ts';
import { conditionsOf, isGood } from '../status-conditions.ts';
import { serialize } from '../terminal/print.ts';
import { printable } from '../terminal/printable.ts';
import type { Style } from '../terminal/style.ts';
import { facts, section } from './layout.ts';

/** A document as `heddle describe` prints it: where it comes from, what became of it, what it says. */
export async function documentInWords(document: ModelDocument, style: Style): Promise<string> {
  const { kind, metadata } = document;
  const { 'heddle.dev/source': source, ...annotations } = metadata.annotations ?? {};
  const rows: (readonly [string, string])[] = [
    [kind, metadata.name],
    ...('namespace' in metadata ? [['Namespace', metadata.namespace] as const] : []),
    ['Written in', printable(source?.replace(/ rules .*$/, '') ?? 'nobody said')],
    ['Revision', metadata.resourceVersion ?? '-'],
    ...Object.entries(annotations).map(([name, value]) => ['Annotation', printable(`${name}=${value}`)] as const),
  ];
  const conditions = conditionsOf(document.status);
  return [
    facts(rows),
    ...(conditions.length === 0 ? [] : [section('What became of it', conditionsInWords(conditions, style))]),
    ...('spec' in document ? [section('It says', await serialize(document.spec, 'yaml'))] : []),
  ].join('\n');
}

function conditionsInWords(conditions: ReturnType<typeof conditionsOf>, style: Style): string {
  return conditions
    .map((condition) => {
      const { type, status, reason, message, of } = condition;
      const glyph = isGood(condition) ? style.good : status === 'Unknown' ? style.warning : style.bad;
      const why = printable(reason === type ? message : [reason, message].filter(Boolean).join(': '));
      return `${glyph} ${of}${type}${why === '' ? '' : `   ${why}`}\n`;
    })
    .join('');
}

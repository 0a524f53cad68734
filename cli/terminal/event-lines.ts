import type { MeshEvent } from '../../control-plane/api/client.ts';
import { clockText } from './clock-text.ts';
import type { Listing } from './print.ts';
import type { Style, Tone } from './style.ts';
import type { Column } from './table.ts';

/** As a table, for those that were. */
export function eventListing(nowMs: number): Listing<MeshEvent> {
  const said: Column<MeshEvent> = { header: 'WHAT', cell: ({ message }) => message, tone: toneOf };
  return {
    name: ({ id }) => String(id),
    empty: { message: 'nothing has happened in this time', hint: 'heddle events --follow' },
    columns: [
      { header: 'TIME', cell: (event) => clockText(event.lastTime, nowMs) },
      { header: 'SUBJECT', cell: ({ subject }) => subject },
      said,
      { header: 'KIND', wide: true, cell: ({ kind }) => kind },
      { header: 'TOLD BY', wide: true, cell: ({ reporter }) => reporter.workload || reporter.identity },
      { header: 'RULE', cell: ruleText },
    ],
  };
}

/**
 * As lines, for those that come: columns are as wide as what has come so far needs, up to a bound, so that they stand below
 * each other without anybody knowing what will come.
 */
export class EventLines {
  readonly #style: Style;
  #subjectWidth = 12;
  #messageWidth = 40;

  constructor(style: Style) {
    this.#style = style;
  }

  line(event: MeshEvent, nowMs: number): string {
    const { subject, message } = event;
    this.#subjectWidth = Math.max(this.#subjectWidth, Math.min(subject.length, 40));
    this.#messageWidth = Math.max(this.#messageWidth, Math.min(message.length, 90));
    const rule = ruleText(event);
    const what = rule === '' ? message : message.padEnd(this.#messageWidth);
    const painted = what.replace(message, () => this.#style.paint(toneOf(event), message));
    const line = `${this.#style.paint('dim', clockText(event.lastTime, nowMs))}  ${subject.padEnd(this.#subjectWidth)}  ${painted}`;
    return rule === '' ? `${line}\n` : `${line}  ${this.#style.paint('dim', rule)}\n`;
  }
}

function toneOf({ tone }: MeshEvent): Tone {
  return tone;
}

/** `policies/recommend.yaml:6`; the document where it came from no file. */
function ruleText({ rule }: MeshEvent): string {
  if (rule === null) return '';
  return rule.file === '' ? rule.document : `${rule.file}:${rule.line}`;
}

import type { MeshEvent } from '../../control-plane/api/client.ts';
import { clockText } from './clock-text.ts';
import { folded } from './folded.ts';
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
      { header: 'RULE', cell: ruleText, narrow: { below: ruleText } },
    ],
  };
}

/**
 * As lines, for those that come: columns are as wide as what has come so far needs, up to a bound, so that they stand below
 * each other without anybody knowing what will come.
 */
export class EventLines {
  readonly #style: Style;
  readonly #terminalWidth: number;
  #subjectWidth = 12;
  #messageWidth = 40;

  constructor(style: Style, terminalWidth: number = Number.POSITIVE_INFINITY) {
    this.#style = style;
    this.#terminalWidth = terminalWidth;
  }

  line(event: MeshEvent, nowMs: number): string {
    const { subject, message } = event;
    this.#subjectWidth = Math.max(this.#subjectWidth, Math.min(subject.length, 40));
    this.#messageWidth = Math.max(this.#messageWidth, Math.min(message.length, 90));
    const rule = ruleText(event);
    const time = clockText(event.lastTime, nowMs);
    const start = time.length + this.#subjectWidth + 4;
    const length = start + (rule === '' ? message.length : this.#messageWidth + 2 + rule.length);
    const head = `${this.#style.paint('dim', time)}  ${subject.padEnd(this.#subjectWidth)}  `;
    if (length > this.#terminalWidth) return head + this.#foldedLine(event, rule, start);
    const what = rule === '' ? message : message.padEnd(this.#messageWidth);
    const painted = what.replace(message, () => this.#style.paint(toneOf(event), message));
    return rule === '' ? `${head}${painted}\n` : `${head}${painted}  ${this.#style.paint('dim', rule)}\n`;
  }

  /** In a narrow terminal: the message under itself, and then the rule. */
  #foldedLine(event: MeshEvent, rule: string, start: number): string {
    const room = Math.max(leastRoom, this.#terminalWidth - start);
    const lines = folded(event.message, room).map((text) => this.#style.paint(toneOf(event), text));
    if (rule !== '') lines.push(this.#style.paint('dim', rule));
    return `${lines.join(`\n${' '.repeat(start)}`)}\n`;
  }
}

/** A message in less is harder to read than a line that is too long. */
const leastRoom = 20;

function toneOf({ tone }: MeshEvent): Tone {
  return tone;
}

/** `policies/recommend.yaml:6`; the document where it came from no file. */
function ruleText({ rule }: MeshEvent): string {
  if (rule === null) return '';
  return rule.file === '' ? rule.document : `${rule.file}:${rule.line}`;
}

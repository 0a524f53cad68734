import { styleText } from 'node:util';

/** What a colour says. It never says anything alone: a glyph or a word beside it says the same. */
export type Tone = 'good' | 'warning' | 'bad' | 'dim' | 'bold';

export interface Style {
  paint(tone: Tone, text: string): string;
  readonly good: string;
  readonly bad: string;
  readonly warning: string;
}

const colours = { good: 'green', warning: 'yellow', bad: 'red', dim: 'dim', bold: 'bold' } as const;

/**
 * Colours and glyphs for one output stream. `styleText` leaves colours out when the stream is no terminal, and obeys
 * NO_COLOR, FORCE_COLOR and NODE_DISABLE_COLORS.
 *
 * Glyphs become ASCII when the locale says that the terminal knows nothing else. No locale at all, as in most
 * containers, says nothing about the terminal at the other end: those get the glyphs.
 */
export function styleFor(stream: NodeJS.WritableStream, environment: NodeJS.ProcessEnv = process.env): Style {
  const locale = environment.LC_ALL || environment.LC_CTYPE || environment.LANG || 'UTF-8';
  const glyphs = /utf-?8/i.test(locale) ? { good: '√', bad: '×', warning: '‼' } : { good: '+', bad: 'x', warning: '!' };
  const paint = (tone: Tone, text: string) => styleText(colours[tone], text, { stream });
  return {
    paint,
    good: paint('good', glyphs.good),
    bad: paint('bad', glyphs.bad),
    warning: paint('warning', glyphs.warning),
  };
}

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Writes lines for one component. Values of `fields` stand beside the message under their own keys. */
export type Log = (level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>) => void;

/** Longest value written; what a stranger sent must not fill the disk. In characters. */
const maxValueLength = 2_048;

/**
 * What the sidecar says of itself, one JSON object per line: `{"ts","level","msg","component",…}`, on stderr. Requests
 * are not logged here but in the access log. The level can change while running.
 */
export class LogWriter {
  level: LogLevel;
  readonly #write: (line: string) => void;
  readonly #now: () => number;

  constructor(level: LogLevel = 'info', write = writeToStderr, now = Date.now) {
    this.level = level;
    this.#write = write;
    this.#now = now;
  }

  for(component: string): Log {
    return (level, message, fields) => {
      if (logLevels.indexOf(level) < logLevels.indexOf(this.level)) return;
      const ts = new Date(this.#now()).toISOString();
      this.#write(`${JSON.stringify({ ts, level, msg: shortened(message), component, ...shortenedAll(fields) })}\n`);
    };
  }
}

function shortenedAll(fields: Readonly<Record<string, unknown>> | undefined): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields ?? {}).map(([key, value]) => [key, typeof value === 'string' ? shortened(value) : value]),
  );
}

function shortened(text: string): string {
  return text.length <= maxValueLength ? text : `${text.slice(0, maxValueLength)}…`;
}

function writeToStderr(line: string): void {
  process.stderr.write(line);
}

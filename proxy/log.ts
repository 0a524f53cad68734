export const logLevels = ['trace', 'debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Writes lines for one component. Values of `fields` stand beside the message under their own keys. */
export type Log = (level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>) => void;

/** Longest text written; what a stranger sent must not fill the disk. In characters. */
const maxTextLength = 2_048;

/**
 * What the sidecar says of itself, one JSON object per line: `{"ts","level","msg","component",…}`, on stderr. Requests
 * are not logged here but in the access log. The level can change while running.
 */
export class LogWriter {
  #level: LogLevel;
  /** Told each change of the level. */
  onLevel: (level: LogLevel) => void = () => {};
  readonly #write: (line: string) => void;
  readonly #now: () => number;
  readonly #own: Readonly<Record<string, unknown>>;

  /** `own` stands in every line. */
  constructor(level: LogLevel = 'info', write = writeToStderr, now = Date.now, own = {}) {
    this.#level = level;
    this.#own = own;
    this.#write = write;
    this.#now = now;
  }

  get level(): LogLevel {
    return this.#level;
  }

  set level(level: LogLevel) {
    this.#level = level;
    this.onLevel(level);
  }

  for(component: string): Log {
    return (level, message, fields = {}) => {
      if (logLevels.indexOf(level) < logLevels.indexOf(this.level)) return;
      const ts = new Date(this.#now()).toISOString();
      const line = { ts, level, msg: message, component, ...this.#own, ...fields };
      this.#write(
        `${JSON.stringify(line, (_key, value: unknown) => (typeof value === 'string' ? short(value) : value))}\n`,
      );
    };
  }
}

function short(text: string): string {
  return text.length <= maxTextLength ? text : `${text.slice(0, maxTextLength)}…`;
}

function writeToStderr(line: string): void {
  process.stderr.write(line);
}

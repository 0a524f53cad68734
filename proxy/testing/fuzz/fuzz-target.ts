/** One function that takes any bytes, and must neither throw nor hang whatever they are. Exported by a `*.fuzz.ts`. */
export interface FuzzTarget {
  readonly name: string;
  /** Well-formed and nearly well-formed inputs to begin with, latin1. Default: one empty input. */
  readonly seeds?: readonly string[];
  /** What the format is made of, latin1; put into inputs whole, since chance would not spell it. */
  readonly tokens?: readonly string[];
  /**
   * Throws when an invariant is broken. A string that it returns names what became of the input: inputs with a new
   * outcome are mutated further, so a name should tell paths through the code apart, and there should be few of them.
   */
  run(bytes: Uint8Array): unknown;
}

/** What a run of one target came to. */
export interface FuzzReport {
  readonly executions: number;
  /** How many different outcomes were seen: the nearest thing to coverage that costs nothing. */
  readonly outcomes: number;
  readonly failure: FuzzFailure | null;
}

export interface FuzzFailure {
  /** The shortest input found that still fails. */
  readonly input: Uint8Array;
  readonly error: unknown;
}

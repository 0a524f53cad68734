/** Which build of Heddle, and with what besides its own flags. */
export interface HeddleBuild {
  readonly name: string;
  /** With the folder `cli/` in it: `dist/` of a checkout. */
  readonly folder: string;
  /** For Node. */
  readonly flags: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
}

/** Version of Heddle, as both planes and the CLI say it; the same as in package.json (a test compares them). */
export const version = '0.1.0';

import { RequestTally } from './request-tally.ts';

/** What is remembered of one endpoint. The endpoint holds it; the detectors write it. */
export class OutlierRecord {
  /** `address:port`, for logs. */
  readonly name: string;
  /** Failures since the last success, each of its kind. */
  consecutive5xx = 0;
  consecutiveGatewayFailure = 0;
  consecutiveLocalOriginFailure = 0;
  /** What it answered; with local failures where those are not judged apart. */
  readonly answers = new RequestTally();
  /** What was seen here, where that is judged apart. */
  readonly connections = new RequestTally();
  /** Percentage of the last interval; -1 where there were too few requests. */
  successRate = -1;
  localOriginSuccessRate = -1;
  isEjected = false;
  /** When it was last ejected, by the detector's clock, and by how much that lasts longer than it must. */
  ejectedAtMs = 0;
  ejectionJitterMs = 0;
  /** When it last came back; -1 for never. */
  returnedAtMs = -1;
  /** Times the base ejection time: grows with each ejection, shrinks with each interval that it is in. */
  ejectionMultiplier = 0;
  /** Gauge of how often it was ejected. */
  ejections = 0;

  constructor(name: string) {
    this.name = name;
  }

  /** Counting in a row starts anew. */
  forgetFailures(): void {
    this.consecutive5xx = 0;
    this.consecutiveGatewayFailure = 0;
    this.consecutiveLocalOriginFailure = 0;
  }
}

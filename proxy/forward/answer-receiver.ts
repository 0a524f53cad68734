import type { Buffer } from 'node:buffer';
import type { Failure } from '../failure.ts';
import type { ResponseHead } from '../message-head.ts';

/** Who has the client, and hears of the one attempt that counts. */
export interface AnswerReceiver {
  /** The body of the request is to come, or to be held back until it is asked for again. */
  resumeRequest(): void;
  pauseRequest(): void;
  /** An upstream has answered, whether or not that answer is passed on. */
  touch(): void;
  /** Milliseconds until it gives the request up; infinite for no bound. */
  leftMs(): number;
  /** Before the answer: 100, 103 and their like. */
  onInterimAnswer(head: ResponseHead): void;
  /** The answer for the client has begun; `head.isComplete` says that neither body nor end will be announced. */
  onAnswer(head: ResponseHead): void;
  onAnswerBody(buffer: Buffer, start: number, end: number, owned: boolean): void;
  onAnswerEnd(trailers: string): void;
  /** The answer broke off after `onAnswer`. */
  onCutOff(): void;
  /** No attempt has brought an answer, and there will be no other. */
  onNoAnswer(failure: Failure, detail: string): void;
}

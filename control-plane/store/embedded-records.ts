import type { Change, Entry } from './store.ts';

/**
 * How the embedded store lies in LevelDB. Store keys hold neither space nor control characters, so a space
 * can part them from a revision, and `\x7f` ends a range. Revisions are padded: LevelDB orders bytes.
 *
 *     m!state                     {"format":1,"revision":7,"compacted":2,"historyBytes":812}
 *     d!<key>                     the entry
 *     l!<revision>                the change: what `watch` reads
 *     h!<key> <revision>          empty: which changes concern one key
 */
export interface StoreState {
  readonly format: number;
  readonly revision: number;
  /** Changes up to and including this revision are gone from history. */
  readonly compacted: number;
  /** Sum of the lengths of the changes kept, in UTF-16 units as read and written. */
  readonly historyBytes: number;
}

export const formatVersion = 1;
export const stateKey = 'm!state';

export function documentKey(key: string): string {
  return `d!${key}`;
}

export function documentRange(prefix: string): { gte: string; lt: string } {
  return { gte: `d!${prefix}`, lt: `d!${prefix}\x7f` };
}

export function logKey(revision: number): string {
  return `l!${pad(revision)}`;
}

/** Changes after `fromRevision`. */
export function logRange(fromRevision: number): { gt: string; lt: string } {
  return { gt: logKey(fromRevision), lt: 'l!\x7f' };
}

export function historyKey(key: string, revision: number): string {
  return `h!${key} ${pad(revision)}`;
}

export function historyRange(key: string): { gt: string; lt: string } {
  return { gt: `h!${key} `, lt: `h!${key} \x7f` };
}

export function revisionOfHistoryKey(historyRecordKey: string): number {
  return Number(historyRecordKey.slice(historyRecordKey.lastIndexOf(' ') + 1));
}

/** Our own writing, read back; LevelDB's checksums have vouched for the bytes. */
export function parseEntry(text: string): Entry {
  return JSON.parse(text) as Entry;
}

/** See {@link parseEntry}. */
export function parseChange(text: string): Change {
  return JSON.parse(text) as Change;
}

/** 16 digits hold `Number.MAX_SAFE_INTEGER`. */
function pad(revision: number): string {
  return String(revision).padStart(16, '0');
}

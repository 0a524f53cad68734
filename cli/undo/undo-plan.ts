import type { RecordedChange } from '../../control-plane/api/client.ts';
import type { ModelDocument } from '../../control-plane/model/kinds.ts';
import { CliError, exitCodes } from '../cli-error.ts';

/** One document on its way back to what it said before. */
export interface UndoStep {
  /** `HTTPRoute/default/cart` */
  readonly document: string;
  /** What it will say; null where it is taken away. */
  readonly before: ModelDocument | null;
  /** What it says now; null where it is gone. */
  readonly now: ModelDocument | null;
  /** The revision it has to be at, so that nobody's later change is lost; null where it has to be gone. */
  readonly expected: string | null;
  readonly inWords: string;
}

/** `41`, `41-43`: revisions in the order in which they are undone, the newest first. @throws CliError */
export function readRevisions(words: readonly string[]): readonly number[] {
  const revisions = new Set<number>();
  for (const word of words) {
    const [, first, last = first] = /^(\d{1,15})(?:-(\d{1,15}))?$/.exec(word) ?? [];
    const [from, to] = [Number(first), Number(last)];
    if (first === undefined || from < 1 || to < from || to - from >= maxRevisions) {
      const message = `"${word}" is no revision: write a number such as 41, or 41-43, ${maxRevisions} at most`;
      throw new CliError(message, 'heddle undo --list', exitCodes.usage);
    }
    for (let revision = from; revision <= to; revision++) revisions.add(revision);
  }
  return [...revisions].sort((a, b) => b - a);
}

/** As many as one `heddle apply` writes in most cases. */
const maxRevisions = 100;

/** `41-43`, or `41 45` with gaps: what {@link readRevisions} reads. */
export function revisionsInWords(revisions: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const revision of [...revisions].sort((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] + 1 === revision) last[1] = revision;
    else ranges.push([revision, revision]);
  }
  return ranges.map(([from, to]) => (from === to ? String(from) : `${from}-${to}`)).join(' ');
}

/**
 * What undoing these changes comes to, one step for each document, or nothing at all when somebody has changed one of them
 * since: what they wrote would be lost.
 *
 * @throws CliError
 */
export function undoPlan(changes: readonly RecordedChange[]): readonly UndoStep[] {
  const byDocument = new Map<string, RecordedChange[]>();
  for (const change of changes.toSorted((a, b) => b.revision - a.revision)) {
    const others = byDocument.get(change.document) ?? [];
    byDocument.set(change.document, [...others, change]);
  }
  return [...byDocument.values()].map(stepOf);
}

/** The changes of one document, the newest first. */
function stepOf(changes: readonly RecordedChange[]): UndoStep {
  const [newest] = changes;
  const oldest = changes.at(-1);
  if (newest === undefined || oldest === undefined) throw new Error('a document without changes has no step');
  const { document, revision, current, latest, after } = newest;
  if (latest !== revision) {
    const now = current === null ? 'it is gone' : `it is at revision ${current}`;
    const hint = `heddle undo ${latest}, and then this again`;
    throw new CliError(`${document} was changed after revision ${revision}: ${now}. Nothing was undone.`, hint);
  }
  for (const [index, change] of changes.entries()) {
    const earlier = changes[index + 1];
    if (earlier === undefined || revisionOf(change.before) === revisionOf(earlier.after)) continue;
    const message = `${document} was also changed between the revisions ${earlier.revision} and ${change.revision}. Nothing was undone.`;
    throw new CliError(message, 'heddle undo --list');
  }
  return {
    document,
    before: oldest.before,
    now: after,
    expected: after === null ? null : String(revision),
    inWords: `${changes.length > 1 ? 'revisions' : 'revision'} ${revisionsInWords(changes.map((one) => one.revision))} ${what(changes)} ${document}: ${back(oldest.before, after)}`,
  };
}

function what(changes: readonly RecordedChange[]): string {
  const [only, ...others] = changes;
  return only === undefined || others.length > 0 ? 'changed' : only.what;
}

function back(before: ModelDocument | null, now: ModelDocument | null): string {
  if (before === null) return now === null ? 'gone already' : 'taken away again';
  return `back to revision ${revisionOf(before)}`;
}

function revisionOf(document: ModelDocument | null): string | null {
  return document?.metadata.resourceVersion ?? null;
}

import type { DocumentViolation } from '../../control-plane/model/document-violation.ts';
import { formatViolation, parsePath } from '../../control-plane/model/document-violation.ts';
import type { ModelDocument } from '../../control-plane/model/kinds.ts';
import type { ParsedDocument } from '../../control-plane/model/parse-documents.ts';
import { parseDocuments } from '../../control-plane/model/parse-documents.ts';
import { CliError, exitCodes } from '../cli-error.ts';
import { excerpt } from './excerpt.ts';
import type { InputText } from './read-input.ts';

/** A fault or a remark of the control plane about one document. */
export interface Remark {
  /** `spec.rules[0].backendRefs[1]`; empty for the whole document. */
  readonly field: string;
  readonly message: string;
  readonly severity: 'error' | 'warning';
}

export interface Written {
  readonly outcome: 'created' | 'replaced' | 'unchanged';
  /** Of the document after the write. */
  readonly revision: string;
}

/** What applying needs of a control plane. */
export interface Destination {
  /** What it would say to the document, which it does not keep. */
  check(
    document: ModelDocument,
  ): Promise<{ readonly outcome: Written['outcome']; readonly remarks: readonly Remark[] }>;
  write(document: ModelDocument): Promise<Written>;
}

export interface Applied {
  readonly document: ModelDocument;
  readonly outcome: Written['outcome'];
  /** Of the document as it is now, written or found so; `null` after a dry run. */
  readonly revision: string | null;
}

/**
 * Applies all documents of the inputs, or none: every fault of every document is found before the first is written,
 * those that only the control plane can see included. What it warns of is asked again when several are written: one may be
 * what another one needs, or contradict it.
 *
 * @throws CliError when there is a fault; `say` has got them all by then, each with its line of the file
 */
export async function applyDocuments(
  inputs: readonly InputText[],
  destination: Destination,
  options: { readonly dryRun: boolean; onApplied?(applied: Applied): void },
  say: (line: string) => void,
): Promise<Applied[]> {
  const texts = new Map(inputs.map(({ fileName, text }) => [fileName, text]));
  const parsed = inputs.map(({ fileName, text }) => parseDocuments(text, { fileName }));
  const documents = parsed.flatMap((one) => one.documents);
  const violations = parsed.flatMap((one) => one.violations);
  const isTogether = documents.length > 1 && !options.dryRun;
  const outcomes = new Map<ParsedDocument, Written['outcome']>();
  if (violations.every(({ severity }) => severity === 'warning')) {
    for (const item of documents) {
      const { outcome, remarks } = await destination.check(item.document);
      outcomes.set(item, outcome);
      const told = isTogether ? remarks.filter(({ severity }) => severity === 'error') : remarks;
      violations.push(...told.map((remark) => placed(item, remark)));
    }
  }
  const tell = (violation: DocumentViolation) => shown(violation, texts).forEach(say);
  violations.forEach(tell);
  const errors = violations.filter(({ severity }) => severity === 'error').length;
  if (errors > 0) {
    const faults = errors === 1 ? '1 fault' : `${errors} faults`;
    throw new CliError(`${faults}. Nothing was applied.`, 'the same command when the above is put right');
  }
  if (documents.length === 0) {
    const names = [...texts.keys()].join(', ');
    const [what, hint] =
      violations.length === 0
        ? ['no document', 'a file with apiVersion and kind']
        : ['no document for the mesh', 'heddle get --help   for the kinds that there are'];
    throw new CliError(`${what} in ${names}`, hint, exitCodes.nothingFound);
  }
  const applied: Applied[] = [];
  const done = (one: Applied): void => {
    applied.push(one);
    options.onApplied?.(one);
  };
  for (const item of documents) {
    const { document } = item;
    if (options.dryRun) {
      done({ document, outcome: outcomes.get(item) ?? 'unchanged', revision: null });
    } else {
      const { outcome, revision } = await destination.write(document);
      done({ document, outcome, revision });
    }
  }
  if (isTogether) {
    for (const item of documents) {
      const { remarks } = await destination.check(item.document);
      for (const remark of remarks) tell(placed(item, remark));
    }
  }
  return applied;
}

function placed(item: ParsedDocument, { field, message, severity }: Remark): DocumentViolation {
  return item.violation({ path: parsePath(field), at: 'value', message, suggestion: null }, severity);
}

function shown(violation: DocumentViolation, texts: ReadonlyMap<string, string>): string[] {
  const { file, line, column } = violation;
  const text = file === null ? undefined : texts.get(file);
  const lines = text === undefined || line === null ? [] : excerpt(text, line, column ?? 1);
  return [formatViolation(violation), ...lines];
}

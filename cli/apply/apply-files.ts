import type { ApiClient, StatusCause } from '../../control-plane/api/client.ts';
import { ApiCallError } from '../../control-plane/api/client.ts';
import type { Kind, ModelDocument } from '../../control-plane/model/kinds.ts';
import { kindOf } from '../../control-plane/model/kinds.ts';
import type { Applied, Destination, Remark } from './apply-documents.ts';
import { applyDocuments } from './apply-documents.ts';
import { readInput } from './read-input.ts';
import { waitInForce } from './wait-in-force.ts';

export interface ApplyOptions {
  readonly dryRun?: boolean;
  /** How long to wait until the change is in force everywhere; `null`, the default, does not wait. */
  readonly waitMs?: number | null;
  /** Faults and warnings, line by line. */
  say(line: string): void;
  /** Told of each document when it is written. */
  onApplied?(applied: Applied): void;
}

/**
 * Applies all documents of a file, a folder or standard input, or none of them. Resolves with the receipt of the wait,
 * `null` when there was none.
 *
 * @throws CliError when a document has a fault, or the change is not in force in time; ApiCallError
 */
export async function applyFiles(client: ApiClient, path: string, options: ApplyOptions): Promise<string | null> {
  const { dryRun = false, waitMs = null, say } = options;
  const inputs = await readInput(path);
  const onApplied = (one: Applied) => options.onApplied?.(one);
  const applied = await applyDocuments(inputs, destinationFor(client), { dryRun, onApplied }, say);
  if (waitMs === null || dryRun) return null;
  return waitInForce(applied, waitMs, (revision, leftMs) => client.convergence(revision, leftMs));
}

function destinationFor(client: ApiClient): Destination {
  return {
    async check(document) {
      try {
        const { change, warnings } = await client.apply(kindOfDocument(document), document, { dryRun: true });
        return { outcome: change, remarks: warnings.map((warning) => ({ ...warning, severity: 'warning' })) };
      } catch (error) {
        const causes = error instanceof ApiCallError ? error.status?.details?.causes : undefined;
        if (causes === undefined || causes.length === 0) throw error;
        return { outcome: 'unchanged', remarks: causes.map(asFault) };
      }
    },
    async write(document) {
      const { change, document: written } = await client.apply(kindOfDocument(document), document);
      return { outcome: change, revision: written.metadata.resourceVersion ?? '0' };
    },
  };
}

function kindOfDocument({ apiVersion, kind }: ModelDocument): Kind {
  return kindOf(apiVersion, kind) as Kind; // it has been parsed as a document of that kind
}

function asFault({ field, message }: StatusCause): Remark {
  return { field, message, severity: 'error' };
}

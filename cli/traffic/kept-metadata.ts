import type { ModelDocument } from '../../control-plane/model/kinds.ts';
import { sourceAnnotation } from '../../control-plane/model/source-position.ts';

/**
 * The metadata of a document that a command writes over another: labels and annotations stay, except where it was written:
 * that file no longer says what the document says.
 */
export function keptMetadata(name: string, namespace: string, before: ModelDocument | null): object {
  const { [sourceAnnotation]: _, ...annotations } = before?.metadata.annotations ?? {};
  const labels = before?.metadata.labels;
  return {
    name,
    namespace,
    ...(labels !== undefined && { labels }),
    ...(Object.keys(annotations).length > 0 && { annotations }),
  };
}

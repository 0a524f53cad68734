import type { Fault } from './document-violation.ts';
import type { ModelDocument } from './kinds.ts';
import { nearestWord } from './nearest-word.ts';
import { routeAnnotations } from './route-annotations.ts';
import { sourceAnnotation } from './source-position.ts';

const prefix = 'heddle.dev/';

const anyKind = [sourceAnnotation];

/**
 * Annotations that begin as ours do and say nothing here. Those of others are none of our business; one of ours that is
 * misspelt, or stands on a kind that does not read it, would be believed to hold.
 */
export function annotationFaults({ kind, metadata }: ModelDocument): readonly Fault[] {
  const isRoute = kind === 'HTTPRoute' || kind === 'GRPCRoute';
  const known = isRoute ? [...anyKind, ...routeAnnotations] : anyKind;
  return Object.keys(metadata.annotations ?? {})
    .filter((name) => name.startsWith(prefix) && !known.includes(name))
    .map((name) => {
      const suggestion = nearestWord(
        name.slice(prefix.length),
        known.map((word) => word.slice(prefix.length)),
      );
      const hint = suggestion === null ? '' : `; did you mean ${prefix}${suggestion}?`;
      const message = routeAnnotations.includes(name)
        ? `${name} is for HTTPRoute and GRPCRoute, and has no effect on a ${kind}`
        : `no annotation of the mesh is called ${name}${hint}`;
      return {
        path: ['metadata', 'annotations', name],
        at: 'key',
        message,
        suggestion: suggestion === null ? null : `${prefix}${suggestion}`,
      };
    });
}

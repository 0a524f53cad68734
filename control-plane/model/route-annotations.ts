import { crossCheck } from './cross-check.ts';

/** Gateway API has no fields for these. Both hold for a whole route. */
const priorityAnnotation = 'heddle.dev/priority';
const sessionsAnnotation = 'heddle.dev/sessions';

/** The word that changes something; `Default` is the other one. */
const words: Readonly<Record<string, string>> = { [priorityAnnotation]: 'High', [sessionsAnnotation]: 'Strict' };

/** Every annotation that routes are read for. */
export const routeAnnotations: readonly string[] = Object.keys(words);

interface Annotated {
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

/** Whether the requests of a route have limits and connections apart from those of all others. */
export function isHighPriority({ annotations }: Annotated): boolean {
  return annotations?.[priorityAnnotation] === 'High';
}

/**
 * Whether a client whose instance is gone, leaving, ill or ejected is refused instead of being given another one. Nor is a
 * request of a session sent again to another instance, which Envoy's `StatefulSession.strict` leaves open.
 */
export function hasStrictSessions({ annotations }: Annotated): boolean {
  return annotations?.[sessionsAnnotation] === 'Strict';
}

/** A word that is none would silently mean `Default`. */
export const routeAnnotationsCheck = crossCheck<Annotated>(['annotations'], ({ annotations }, report) => {
  for (const [name, word] of Object.entries(words)) {
    const said = annotations?.[name];
    if (said !== undefined && said !== word && said !== 'Default') {
      report(['annotations', name], `write ${word} or Default`);
    }
  }
});

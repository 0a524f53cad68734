import { crossCheck } from './cross-check.ts';

/** Gateway API has no field for it. */
export const priorityAnnotation = 'heddle.dev/priority';

interface Annotated {
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

/** Whether the requests of a route have limits and connections apart from those of all others. */
export function isHighPriority({ annotations }: Annotated): boolean {
  return annotations?.[priorityAnnotation] === 'High';
}

/** A word that is none would silently mean `Default`. */
export const priorityCheck = crossCheck<Annotated>(['annotations'], ({ annotations }, report) => {
  const word = annotations?.[priorityAnnotation];
  if (word !== undefined && word !== 'High' && word !== 'Default') {
    report(['annotations', priorityAnnotation], 'write High or Default');
  }
});

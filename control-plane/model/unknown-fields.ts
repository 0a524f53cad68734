import type { z } from 'zod';
import type { Fault, ValuePath } from './document-violation.ts';
import { nearestWord } from './nearest-word.ts';

/**
 * Every field of `value` that `schema` does not have, with the nearest field that it has.
 *
 * The schemas themselves drop unknown fields: zod stops checking an object as soon as one is refused, and would hide the
 * other faults. So this is the half of the check that refuses them.
 */
export function* unknownFields(
  schema: z.core.$ZodType,
  value: unknown,
  path: ValuePath = [],
  around: z.core.$ZodShape = {},
): Generator<Fault, void, undefined> {
  // the definitions of zod's own schema classes, told apart by `type`
  const { def } = schema._zod as z.core.$ZodTypes['_zod'];
  switch (def.type) {
    case 'optional':
    case 'nullable':
    case 'default':
    case 'prefault':
      yield* unknownFields(def.innerType, value, path, around);
      break;
    case 'pipe':
      yield* unknownFields(def.in, value, path, around);
      break;
    case 'array':
      if (!Array.isArray(value)) break;
      for (const [index, item] of value.entries()) yield* unknownFields(def.element, item, [...path, index]);
      break;
    case 'object':
      if (typeof value !== 'object' || value === null || Array.isArray(value)) break;
      for (const [key, item] of Object.entries(value)) {
        const field = Object.hasOwn(def.shape, key) ? def.shape[key] : undefined;
        if (field !== undefined) yield* unknownFields(field, item, [...path, key], def.shape);
        else yield unknownField(key, path, def.shape, around);
      }
      break;
    default: // a leaf, or free-form
  }
}

function unknownField(key: string, path: ValuePath, shape: z.core.$ZodShape, around: z.core.$ZodShape): Fault {
  const suggestion = nearestWord(key, Object.keys(shape));
  const shown = key.length > 64 ? `${key.slice(0, 64)}…` : key;
  const hint =
    suggestion !== null ? `; did you mean ${suggestion}?` : besideHint(key, path, around) || ownerHint(key, shape);
  return { path: [...path, key], at: 'key', message: `unknown field ${shown}${hint}`, suggestion };
}

/** What a line that is indented too much was meant for. */
function besideHint(key: string, path: ValuePath, around: z.core.$ZodShape): string {
  return Object.hasOwn(around, key) ? `; it belongs beside ${path.at(-1)}: indent it less` : '';
}

/** What a line that is indented too little was meant for, where only one field beside it can have it. */
function ownerHint(key: string, shape: z.core.$ZodShape): string {
  const owners = Object.keys(shape).filter((name) => {
    const fields = shape[name] === undefined ? null : shapeOf(shape[name]);
    return fields !== null && Object.hasOwn(fields, key);
  });
  return owners.length === 1 ? `; it belongs under ${owners[0]}: indent it` : '';
}

function shapeOf(schema: z.core.$ZodType): z.core.$ZodShape | null {
  const { def } = schema._zod as z.core.$ZodTypes['_zod'];
  switch (def.type) {
    case 'optional':
    case 'nullable':
    case 'default':
    case 'prefault':
      return shapeOf(def.innerType);
    case 'pipe':
      return shapeOf(def.in);
    case 'object':
      return def.shape;
    default:
      return null;
  }
}

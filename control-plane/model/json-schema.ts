import { z } from 'zod';
import type { Kind } from './kinds.ts';
import { allKinds } from './kinds.ts';

type JsonSchema = { [key: string]: unknown };

/**
 * What a document of the kind may say, as JSON Schema (draft 2020-12), for editors that complete and check YAML. Everything
 * that it refuses Heddle refuses too; rules between fields, such as that a range must not be empty, only Heddle knows.
 */
export function jsonSchemaOf(kind: Kind): JsonSchema {
  const schema = z.toJSONSchema(kind.schema as unknown as z.ZodType, { io: 'input', unrepresentable: 'any' });
  return { title: kind.kind, ...(withoutRefused(schema) as JsonSchema) };
}

/** The same for a file that holds documents of any kind. */
export function jsonSchemaOfAll(): JsonSchema {
  const schemas = allKinds.map((kind) => [kind.kind, jsonSchemaOf(kind)] as const);
  return {
    $schema: schemas[0]?.[1].$schema,
    title: 'A document of Heddle',
    oneOf: schemas.map(([kind]) => ({ $ref: `#/$defs/${kind}` })),
    $defs: Object.fromEntries(schemas.map(([kind, { $schema: _, ...schema }]) => [kind, schema])),
  };
}

/** Fields that are refused by name are left out, and so is every field that nobody has named. */
function withoutRefused(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutRefused);
  if (typeof value !== 'object' || value === null) return value;
  const { properties, ...rest } = value as { readonly properties?: Record<string, { readonly refused?: true }> };
  const cleaned = Object.fromEntries(Object.entries(rest).map(([key, part]) => [key, withoutRefused(part)]));
  if (properties === undefined) return cleaned;
  const known = Object.entries(properties).filter(([, field]) => field.refused !== true);
  return {
    ...cleaned,
    properties: Object.fromEntries(known.map(([name, field]) => [name, withoutRefused(field)])),
    additionalProperties: false,
  };
}

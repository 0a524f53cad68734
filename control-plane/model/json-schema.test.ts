import { describe, expect, it } from 'vitest';
import { jsonSchemaOf, jsonSchemaOfAll } from './json-schema.ts';
import { allKinds, kinds } from './kinds.ts';

/** Names of all properties, wherever they are. */
function namesIn(schema: unknown): Set<string> {
  const names = new Set<string>();
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const [key, part] of Object.entries(value)) {
      if (key === 'properties') for (const name of Object.keys(part as object)) names.add(name);
      visit(part);
    }
  };
  visit(schema);
  return names;
}

describe('jsonSchemaOf', () => {
  it.each(allKinds)('says of $kind what it is called, what it needs, and that there is nothing else', (kind) => {
    expect(jsonSchemaOf(kind)).toMatchObject({
      title: kind.kind,
      type: 'object',
      additionalProperties: false,
      properties: { kind: { const: kind.kind } },
    });
    expect(JSON.stringify(jsonSchemaOf(kind).properties)).toContain(kind.apiVersions[0]);
  });

  it('has fields that are acted on, and none that are refused by name', () => {
    const names = namesIn(jsonSchemaOf(kinds.BackendTrafficPolicy));
    for (const name of ['rateLimit', 'circuitBreaker', 'passive', 'numRetries']) expect(names).toContain(name);
    for (const name of ['faultInjection', 'sourceCIDR', 'telemetry', 'targetSelectors'])
      expect(names).not.toContain(name);
    expect(JSON.stringify(jsonSchemaOfAll())).not.toContain('"refused"');
  });
});

describe('jsonSchemaOfAll', () => {
  it('has each kind once', () => {
    const { oneOf, $defs } = jsonSchemaOfAll() as { oneOf: { $ref: string }[]; $defs: object };
    expect(oneOf.map(({ $ref }) => $ref)).toEqual(allKinds.map(({ kind }) => `#/$defs/${kind}`));
    expect(Object.keys($defs)).toEqual(allKinds.map(({ kind }) => kind));
  });
});

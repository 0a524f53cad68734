import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { ALL_FEATURES, STOCK_FEATURES } from '../../proto/features.ts';
import type { ResourceTypeUrl } from '../../proto/type-urls.ts';
import {
  CLUSTER_LOAD_ASSIGNMENT_TYPE_URL,
  CLUSTER_TYPE_URL,
  LISTENER_TYPE_URL,
  ROUTE_CONFIGURATION_TYPE_URL,
  SECRET_TYPE_URL,
} from '../../proto/type-urls.ts';
import { validateResource } from '../../proto/validate/resource.ts';
import { translate } from './snapshot.ts';
import { readGoldenCase } from './testing/golden-case.ts';
import { readable } from './testing/readable.ts';

/**
 * Each case is `NAME.in.yaml`, a mesh and what its clients ask for, and `NAME.golden.yaml`, what they get.
 * `UPDATE_GOLDEN=1` writes the latter; read the difference before committing it.
 */
const folder = join(import.meta.dirname, 'testdata');
const cases = readdirSync(folder)
  .filter((file) => file.endsWith('.in.yaml'))
  .map((file) => file.slice(0, -'.in.yaml'.length));

const typeUrls: Readonly<Record<string, ResourceTypeUrl>> = {
  LDS: LISTENER_TYPE_URL,
  RDS: ROUTE_CONFIGURATION_TYPE_URL,
  CDS: CLUSTER_TYPE_URL,
  EDS: CLUSTER_LOAD_ASSIGNMENT_TYPE_URL,
  SDS: SECRET_TYPE_URL,
};

describe('translate', () => {
  it.each(cases)('gives the clients of %s what its golden file says, all of it valid', (name) => {
    const result = translatedText(readFileSync(join(folder, `${name}.in.yaml`), 'utf8'));
    const golden = join(folder, `${name}.golden.yaml`);
    if (process.env.UPDATE_GOLDEN === '1') {
      writeFileSync(golden, result);
    }
    expect(result).toBe(readFileSync(golden, 'utf8'));
  });
});

function translatedText(text: string): string {
  const { input, view } = readGoldenCase(text);
  const snapshot = translate(view);
  const clients = Object.entries(input.clients).map(([workload, wanted]) => {
    const client = {
      workload,
      namespace: workload.split('/')[0] ?? '',
      // as sidecars off Kubernetes have it: the service, which the workload's name begins with
      serviceAccount: /^[^/]*\/([a-z]+)/.exec(workload)?.[1] ?? '',
      features: input.stock === true ? STOCK_FEATURES : new Set(input.features ?? ALL_FEATURES),
    };
    const resources = wanted.map((subscription) => {
      const space = subscription.indexOf(' ');
      const typeUrl = typeUrls[subscription.slice(0, space)];
      if (typeUrl === undefined) {
        throw new TypeError(`no resource type stands before ${subscription}`);
      }
      const resource = snapshot.resource(client, typeUrl, subscription.slice(space + 1));
      if (resource !== null && input.stock !== true) {
        expect(validateResource(typeUrl, resource.name, resource.bytes).violations, subscription).toEqual([]);
      }
      return [subscription, resource === null ? 'does not exist' : readable(resource)];
    });
    return [workload, Object.fromEntries(resources)];
  });
  const problems = snapshot.problems().map(({ document, path, message }) => `${document} ${path}: ${message}`);
  return stringify(
    { shows: input.shows, ...(problems.length > 0 && { problems }), clients: Object.fromEntries(clients) },
    { lineWidth: 0, aliasDuplicateObjects: false },
  );
}

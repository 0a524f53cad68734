import { describe, expect, it } from 'vitest';
import { parseDocuments } from '../../../control-plane/model/parse-documents.ts';
import { balancing, everyEndpoint, hashing } from './balancing.ts';
import { healthAndBreaking } from './health-and-breaking.ts';
import { limits } from './limits.ts';
import { retries } from './retries.ts';
import { routes } from './routes.ts';

const features = [...balancing, ...hashing, everyEndpoint, ...healthAndBreaking, ...retries, ...routes, ...limits];

describe('the features that are measured', () => {
  it.each(features)('$name is documents without a fault', ({ documents }) => {
    expect(parseDocuments(documents({ service: 8080, rateLimit: 8081 })).violations).toEqual([]);
  });

  it('have names of their own', () => {
    expect(new Set(features.map(({ name }) => name)).size).toBe(features.length);
  });

  it('are as many routes as the name says', () => {
    const { documents } = parseDocuments(
      routes.find(({ name }) => name === '5000-routes')?.documents({ service: 8080, rateLimit: 0 }) ?? '',
    );
    const matches = JSON.stringify(documents).match(/\/a\d+\/b/g) ?? [];
    expect(new Set(matches).size).toBe(5_000);
  });
});

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseDocuments } from '../../../control-plane/model/parse-documents.ts';
import { writePeerCertificates } from '../peers/peer-certificates.ts';
import { balancing, everyEndpoint, hashing, hashingTcp, hashKeys } from './balancing.ts';
import type { Surroundings } from './feature.ts';
import { grpc } from './grpc.ts';
import { healthAndBreaking } from './health-and-breaking.ts';
import { limits, limitsOfBodies } from './limits.ts';
import { outside } from './outside.ts';
import { retries } from './retries.ts';
import { cors, routes } from './routes.ts';

const features = [
  ...[...balancing, ...hashing, ...hashKeys, ...hashingTcp, everyEndpoint, ...healthAndBreaking],
  ...[...retries, ...routes, ...cors, ...grpc, ...outside, ...limits, ...limitsOfBodies],
];

const surroundings = (): Surroundings => {
  const folder = mkdtempSync(join(tmpdir(), 'heddle-features-'));
  try {
    const rootPem = readFileSync(writePeerCertificates(folder).rootFile, 'utf8');
    const tls = { port: 8443, serverName: 'a.example', uri: 'spiffe://bench.internal/a', rootPem };
    return { service: 8080, rateLimit: 8081, tls };
  } finally {
    rmSync(folder, { recursive: true });
  }
};

describe('the features that are measured', () => {
  it.each(features)('$name is documents without a fault', ({ documents }) => {
    expect(parseDocuments(documents(surroundings())).violations).toEqual([]);
  });

  it('have names of their own', () => {
    expect(new Set(features.map(({ name }) => name)).size).toBe(features.length);
  });

  it('are as many routes as the name says', () => {
    const { documents } = parseDocuments(
      routes.find(({ name }) => name === '5000-routes')?.documents({ service: 8080, rateLimit: 0, tls: null }) ?? '',
    );
    const matches = JSON.stringify(documents).match(/\/a\d+\/b/g) ?? [];
    expect(new Set(matches).size).toBe(5_000);
  });
});

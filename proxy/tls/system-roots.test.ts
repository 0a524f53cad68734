import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'heddle-roots-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('systemRoots', () => {
  beforeEach(() => vi.resetModules());

  /** In a module of its own, since the file is read once. */
  async function rootsOf(file: string): Promise<string | null> {
    const { systemRoots } = await import('./system-roots.ts');
    return systemRoots({ SSL_CERT_FILE: file });
  }

  it('are those of the file that is named', async () => {
    const file = join(folder, 'roots.pem');
    writeFileSync(file, rootCertificates[0] ?? '');
    expect(await rootsOf(file)).toBe(rootCertificates[0]);
  });

  it('are none, and not those of somebody else, where that file has none', async () => {
    expect(await rootsOf(join(folder, 'missing.pem'))).toBe('');
  });
});

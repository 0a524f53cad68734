import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { MessageTypeDefinition } from '@grpc/proto-loader';
import { fromJSON } from '@grpc/proto-loader';
import { expect, it } from 'vitest';
import { embedContract } from './bundle.ts';
import { loadContract } from './proto/load.ts';

it('embeds a contract that means what the .proto files mean', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'heddle-contract-'));
  try {
    mkdirSync(join(folder, 'proto'));
    embedContract(join(import.meta.dirname, 'proto'), folder);
    const module = await import(pathToFileURL(join(folder, 'proto', 'contract-json.js')).href);
    const options = { keepCase: true, longs: String, enums: String, defaults: true, oneofs: true };
    const embedded = fromJSON(JSON.parse(module.contractJson), options);
    const ofFiles = loadContract();
    expect(Object.keys(embedded).sort()).toEqual(Object.keys(ofFiles).sort());
    // Descriptors of every file: names, numbers, types, oneofs, and how lists are packed.
    const descriptors = (contract: typeof ofFiles) =>
      (contract['google.protobuf.Any'] as MessageTypeDefinition<object, object>).fileDescriptorProtos
        .map((bytes) => bytes.toString('base64'))
        .sort();
    expect(descriptors(embedded)).toEqual(descriptors(ofFiles));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

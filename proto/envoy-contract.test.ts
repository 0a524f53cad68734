import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { MessageTypeDefinition } from '@grpc/proto-loader';
import { describe, expect, it } from 'vitest';
import { stockEnvoy } from '../examples/testing/envoy.ts';
import { loadContract } from './load.ts';
import type { Descriptor, FieldDescriptor, MessageDescriptor } from './validate/file-descriptor.ts';
import { readFileDescriptor } from './validate/file-descriptor.ts';

const envoy = stockEnvoy();

/** `syntax = "proto3"`, the last field of every FileDescriptorProto. */
const end = Buffer.from('\x62\x06proto3', 'latin1');

/** What a program knows of a .proto file that was compiled into it: its descriptor lies there as it is. Empty for nothing. */
function compiledInto(program: Buffer, path: string): readonly Descriptor[] {
  const start = program.indexOf(Buffer.from(`\x0a${String.fromCharCode(path.length)}${path}`, 'latin1'));
  return start === -1 ? [] : readFileDescriptor(program.subarray(start, program.indexOf(end, start) + end.length));
}

/** Envoy's contrib build alone has this one. */
const elsewhere = /^envoy\.extensions\.load_balancing_policies\.peak_ewma\./;

function ofContract(): readonly MessageDescriptor[] {
  const files = Object.values(loadContract()).flatMap((definition) =>
    'fileDescriptorProtos' in definition
      ? (definition as MessageTypeDefinition<object, object>).fileDescriptorProtos
      : [],
  );
  const messages = [...new Set(files)].flatMap(readFileDescriptor).filter((each) => each.kind === 'message');
  const byName = new Map(messages.map((message) => [message.fullName, message]));
  return [...byName.values()].filter(({ fullName }) => fullName.startsWith('envoy.') && !elsewhere.test(fullName));
}

/** The messages that maps are made of have names that nobody wrote, and each compiler has its own way to make them. */
const plain = (name: string): string =>
  name
    .replaceAll('_', '')
    .replace(/Entry$/, '')
    .toLowerCase();

/** A type is named in full by one compiler and as it was written by the other, so its last word has to do. */
const inShort = ({ name, number, isRepeated, type, typeName }: FieldDescriptor) =>
  `${name} = ${number}, ${isRepeated ? 'repeated ' : ''}${type} ${plain(typeName.slice(typeName.lastIndexOf('.') + 1))}`;

describe.skipIf(envoy === null)('the contract and a stock Envoy', () => {
  it('have the same number, name and type for every field', () => {
    const program = readFileSync(envoy ?? '');
    const folder = dirname(fileURLToPath(import.meta.url));
    const paths = readdirSync(join(folder, 'envoy'), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.proto'))
      .map((path) => `envoy/${path}`);
    const theirs = new Map(
      paths.flatMap((path) => compiledInto(program, path).map((each) => [plain(each.fullName), each] as const)),
    );
    const ours = ofContract();
    expect(ours.length).toBeGreaterThan(100);
    const differing = ours.flatMap(({ fullName, fields }) => {
      const known = theirs.get(plain(fullName));
      const lines = known?.kind === 'message' ? new Set(known.fields.map(inShort)) : new Set<string>();
      return fields.map(inShort).flatMap((line) => (lines.has(line) ? [] : [`${fullName}: ${line}`]));
    });
    expect(differing).toEqual([]);
  });
});

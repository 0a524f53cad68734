/**
 * The .proto files, loaded once, at the first use of a message or a service.
 *
 * `contract.proto` names all of them. In the source tree they lie beside this file; the build embeds them, so that a
 * built program reads no .proto file. Loading takes about 30 ms, the code of the loader apart, and holds about 4 MB. After
 * that a message type costs a look-up in a map.
 */
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ServiceDefinition } from '@grpc/grpc-js';
import type { MessageTypeDefinition, PackageDefinition } from '@grpc/proto-loader';
import { fromJSON, loadSync } from '@grpc/proto-loader';
import { contractJson } from './contract-json.ts';
import type { ProtoGrpcType } from './generated/contract.ts';

/** A message in both directions. The input form may leave fields out; the output form has all of them. */
export interface MessageType<Input, Output> {
  readonly name: string;
  /** Throws a TypeError or Error for a value that the message cannot hold, such as a string where a message belongs. */
  encode(message: Input): Buffer;
  /**
   * For bytes of a peer that is trusted, or that unknown-fields.ts has walked: the decoder drops fields outside the
   * subset, takes a string that is cut short for a short string, and throws only for bytes that it cannot step over.
   *
   * Absent messages are null, absent lists [], absent maps {}, absent scalars their zero; absent members of a oneof are
   * not there at all, and the oneof's own property names the member that is. 64-bit integers are decimal strings, enums
   * the names of their values, or the number where the number has no name.
   */
  decode(bytes: Uint8Array): Output;
}

/** What the generated types hold under a full name such as `envoy.config.cluster.v3.Cluster`. */
type Named<Tree, Name extends string> = Name extends `${infer Head}.${infer Rest}`
  ? Head extends keyof Tree
    ? Named<Tree[Head], Rest>
    : never
  : Name extends keyof Tree
    ? Tree[Name]
    : never;

type AnyMessage = { format: 'Protocol Buffer 3 DescriptorProto' };
/** A client class. That it can be constructed tells it from the package `envoy.service`. */
type AnyService = abstract new (...args: never) => unknown;

/** The full names of everything in the tree that has the shape that is asked for. */
type NamesOf<Tree, Shape> = {
  [Key in keyof Tree & string]: Tree[Key] extends Shape
    ? Key
    : Tree[Key] extends { format: string } | AnyService
      ? never
      : `${Key}.${NamesOf<Tree[Key], Shape>}`;
}[keyof Tree & string];

export type MessageName = NamesOf<ProtoGrpcType, AnyMessage>;
export type ServiceName = NamesOf<ProtoGrpcType, AnyService>;
export type Input<Name extends MessageName> =
  Named<ProtoGrpcType, Name> extends MessageTypeDefinition<infer Permissive, infer _Output> ? Permissive : never;
export type Output<Name extends MessageName> =
  Named<ProtoGrpcType, Name> extends MessageTypeDefinition<infer _Input, infer Restricted> ? Restricted : never;
/** A grpc-js client class. */
export type ClientOf<Name extends ServiceName> = Named<ProtoGrpcType, Name>;
export type DefinitionOf<Name extends ServiceName> =
  Named<ProtoGrpcType, Name> extends { service: infer Definition } ? Definition : never;

let loaded: PackageDefinition | null = null;
const messageTypes = new Map<string, MessageType<unknown, unknown>>();

/** The same as in generate.ts. */
const options = { keepCase: true, longs: String, enums: String, defaults: true, oneofs: true };

/** Throws in the source tree when the .proto files are not where they belong. */
export function loadContract(): PackageDefinition {
  loaded ??=
    contractJson === null
      ? loadFrom(dirname(fileURLToPath(import.meta.url)))
      : fromJSON(JSON.parse(contractJson), options);
  return loaded;
}

function loadFrom(folder: string): PackageDefinition {
  try {
    return loadSync('contract.proto', { includeDirs: [folder], ...options });
  } catch (cause) {
    throw new Error(`cannot load contract.proto and what it names from ${folder}`, { cause });
  }
}

export function messageType<Name extends MessageName>(name: Name): MessageType<Input<Name>, Output<Name>> {
  let type = messageTypes.get(name);
  if (type === undefined) {
    const definition = loadContract()[name] as MessageTypeDefinition<object, unknown> | undefined;
    if (definition?.format !== 'Protocol Buffer 3 DescriptorProto') {
      throw new TypeError(`not a message of the contract: ${name}`);
    }
    type = {
      name,
      encode: (message) => definition.serialize(message as object),
      decode: (bytes) => definition.deserialize(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)),
    };
    messageTypes.set(name, type);
  }
  // The map cannot say which name has which type; the definition was looked up by this very name.
  return type as MessageType<Input<Name>, Output<Name>>;
}

/** For `server.addService`, and for `makeClientConstructor` through client.ts. */
export function serviceDefinition<Name extends ServiceName>(name: Name): DefinitionOf<Name> {
  return loadContract()[name] as ServiceDefinition as DefinitionOf<Name>;
}

/**
 * The .proto files in the form that needs no parser (`Root.toJSON` of protobufjs), as text. Null in the source tree,
 * where the files themselves lie beside this one; the build writes the text here.
 */
export const contractJson: string | null = null;

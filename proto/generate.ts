/**
 * Makes `proto/generated/` anew from the .proto files: `npm run proto`.
 *
 * The output is checked in, so that neither a build nor a reader needs the generator; generate.test.ts fails when it is
 * out of date. The flags are those that load.ts decodes with: what the types say is what the decoder gives.
 */
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** Options that take a value use `=`, because without it the generator takes the file names for values. */
const FLAGS = [
  '--keepCase',
  '--longs=String',
  '--enums=String',
  '--defaults',
  '--oneofs',
  '--grpcLib=@grpc/grpc-js',
  '--targetFileExtension=.ts',
  '--importFileExtension=.ts',
  '--includeDirs=proto',
];

export function generate(outputFolder: string): void {
  const root = dirname(dirname(fileURLToPath(import.meta.url)));
  const loaderPackage = createRequire(import.meta.url).resolve('@grpc/proto-loader/package.json');
  const generator = join(dirname(loaderPackage), 'build', 'bin', 'proto-loader-gen-types.js');
  // Types of messages that are gone would otherwise stay behind.
  rmSync(outputFolder, { recursive: true, force: true });
  // The generator writes file names relative to its working folder into its output.
  execFileSync(process.execPath, [generator, ...FLAGS, `--outDir=${outputFolder}`, 'contract.proto'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  generate(fileURLToPath(new URL('generated', import.meta.url)));
}

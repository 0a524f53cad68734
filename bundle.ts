/**
 * What the build makes of the compiled sources so that a sidecar starts fast and stays small: the contract as data
 * instead of .proto files, and everything that `heddle run` and `heddle proxy` load, packages included, in a few files.
 */
import { writeFileSync } from 'node:fs';
import { createRequire, isBuiltin } from 'node:module';
import { join } from 'node:path';
import type { BuildOptions, Plugin } from 'esbuild';
import { build } from 'esbuild';

/** Puts what the .proto files in `protoFolder` say into the compiled `proto/contract-json.js`. */
export function embedContract(protoFolder: string, compiled: string): void {
  const json = JSON.stringify(JSON.stringify(contractAsJson(protoFolder)));
  writeFileSync(join(compiled, 'proto', 'contract-json.js'), `export const contractJson = ${json};\n`);
}

/** Read by the loader that reads them in the source tree, so that both mean the same. */
function contractAsJson(protoFolder: string): unknown {
  const loader = createRequire(import.meta.url).resolve('@grpc/proto-loader/package.json');
  // The loader's own protobufjs, of which no more is used than this.
  const { Root } = createRequire(loader)('protobufjs') as { Root: new () => ProtobufRoot };
  const root = new Root();
  const wellKnown = root.resolvePath;
  root.resolvePath = (origin, target) =>
    target.startsWith('google/protobuf/') ? wellKnown.call(root, origin, target) : join(protoFolder, target);
  return root.loadSync('contract.proto', { keepCase: true }).resolveAll().toJSON();
}

interface ProtobufRoot {
  resolvePath(origin: string, target: string): string | null;
  loadSync(file: string, options: { readonly keepCase: boolean }): ProtobufRoot;
  resolveAll(): ProtobufRoot;
  toJSON(): unknown;
}

/** Programs of the bundle, by the name of their file in it; each a compiled file. */
const entries = { sidecar: 'cli/sidecar.js', worker: 'proxy/workers/worker.js' };

/** Of all that is bundled. Whitespace goes, because Node keeps the text of what it runs in memory; names stay, for stack traces. */
const compact = {
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  minifyWhitespace: true,
  minifySyntax: true,
  lineLimit: 160,
  legalComments: 'linked',
  logLevel: 'warning',
} as const satisfies BuildOptions;

/**
 * Makes `sidecar/` of the compiled files: programs that run without packages and without anything else of the output.
 * What is imported on first use is a file of its own.
 */
export async function bundleSidecar(compiled: string): Promise<void> {
  await build({
    entryPoints: Object.fromEntries(Object.entries(entries).map(([name, file]) => [name, join(compiled, file)])),
    outdir: join(compiled, 'sidecar'),
    outExtension: { '.js': '.mjs' }, // needs no package.json beside it
    chunkNames: '[name]-[hash]',
    ...compact,
    splitting: true,
    format: 'esm',
    sourcemap: true,
    // What packages in CommonJS call to get at Node's own modules.
    banner: { js: "import{createRequire as $require}from'node:module';const require=$require(import.meta.url);" },
    plugins: [namedImports],
  });
  await bundlePackage('re2js', join(compiled, 'sidecar'));
}

/** A package that is required on first use stands where Node looks for it: in a `node_modules` beside the program. */
async function bundlePackage(name: string, folder: string): Promise<void> {
  await build({
    stdin: { contents: `module.exports = require(${JSON.stringify(name)});`, resolveDir: import.meta.dirname },
    outfile: join(folder, 'node_modules', name, 'index.js'),
    ...compact,
    format: 'cjs',
  });
}

/**
 * `const { parse } = await import('yaml')` finds `parse` in a package in CommonJS, because Node looks for names in its
 * text. The bundler would put nothing there but `default`: so each such package gets a module with its names.
 */
const namedImports: Plugin = {
  name: 'named-imports',
  setup({ onResolve, onLoad }) {
    const namespace = 'named-imports';
    onResolve({ filter: /^@?[a-z]/ }, ({ path, kind, resolveDir }) =>
      kind === 'dynamic-import' && !isBuiltin(path) ? { path, namespace, pluginData: resolveDir } : undefined,
    );
    onLoad({ filter: /./, namespace }, async ({ path, pluginData }) => {
      const names = Object.keys(await import(path)).filter((name) => /^[a-z]\w*$/i.test(name) && name !== 'default');
      return { contents: `export { ${names.join(', ')} } from ${JSON.stringify(path)};`, resolveDir: pluginData };
    });
  },
};

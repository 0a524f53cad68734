import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** Whose imports have rules; the rows of `noRestrictedImports` in biome.json are the rules. */
const trees = ['proto', 'certs', 'proxy', 'control-plane', 'rate-limit', 'cli', 'bench'];
const isForTests = (file: string) => /(^|\/)testing\/|\.(test|contract|fuzz)\.ts$/.test(file);

const sources = trees
  .flatMap((tree) =>
    readdirSync(join(import.meta.dirname, tree), { recursive: true, encoding: 'utf8' }).map((file) => join(tree, file)),
  )
  .filter((file) => file.endsWith('.ts') && !file.startsWith('proto/generated'));

function importsOf(file: string): string[] {
  const text = readFileSync(join(import.meta.dirname, file), 'utf8');
  return [...text.matchAll(/(?:\bfrom|^import|\bimport\()\s*'(\.[^']+)'/gm)].map(([, target = '']) => target);
}

describe('imports', () => {
  it('are found', () => {
    expect(sources).toContain('proxy/forward-http.ts');
    expect(importsOf('proxy/forward-http.ts')).toContain('./failure.ts');
  });

  it('lead from production to nothing that is there for tests', () => {
    const wrong = sources.flatMap((file) =>
      importsOf(file)
        .map((target) => join(dirname(file), target))
        .filter((target) => !isForTests(file) && (isForTests(target) || target.startsWith('examples/')))
        .map((target) => `${file} -> ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  it('are written the shortest way, which is what the rules are matched with', () => {
    const wrong = sources.flatMap((file) =>
      importsOf(file).filter((target) => {
        const shortest = relative(dirname(file), join(dirname(file), target));
        return target !== (shortest.startsWith('.') ? shortest : `./${shortest}`);
      }),
    );
    expect(wrong).toEqual([]);
  });
});

interface Override {
  readonly includes: readonly string[];
  readonly linter?: { readonly rules: { readonly style?: { readonly noRestrictedImports?: unknown } } };
}

const biome = JSON.parse(readFileSync(join(import.meta.dirname, 'biome.json'), 'utf8'));
const rows = (biome.overrides as Override[])
  .filter(({ linter }) => linter?.rules.style?.noRestrictedImports !== undefined)
  .flatMap(({ includes }) => includes);
const covers = (row: string, file: string) =>
  new RegExp(`^${row.replaceAll('.', '\\.').replace(/\*+/g, (stars) => (stars === '*' ? '[^/]*' : '.*'))}$`).test(file);

const folders = [
  ...new Set(sources.filter((file) => !/^(cli|bench)\//.test(file)).map((file) => dirname(file))),
].sort();

describe('the rows of biome.json', () => {
  const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'heddle-import-rules-')));
  let refused: ReadonlySet<string> = new Set();

  /** A file that does not exist, with a line for each statement. */
  function plant(file: string, ...statements: readonly string[]): string[] {
    mkdirSync(dirname(join(scratch, file)), { recursive: true });
    writeFileSync(join(scratch, file), statements.join('\n'));
    return statements.map((_, line) => `${file}:${line + 1}`);
  }

  /** What no folder may import before its row says so. */
  const unheardOf = folders.flatMap((folder) => {
    const up = relative(folder, '.');
    const plane = relative(folder, folder.split('/')[0] ?? '');
    const other = folder.startsWith('proxy') ? 'control-plane' : 'proxy';
    const otherPlane = [
      `import type { Other } from '${up}/${other}/config.ts';`,
      `await import('${up}/${other}/main.ts');`,
    ];
    if (isForTests(`${folder}/`) || plane === '' || !/^(proxy|control-plane)/.test(folder))
      return plant(`${folder}/planted.ts`, ...otherPlane);
    return plant(
      `${folder}/planted.ts`,
      ...otherPlane,
      `import { added } from '${plane}/added.ts';`,
      `import type { Added } from '${plane}/added.ts';`,
      `export type { Added } from '${plane}/added/added.ts';`,
      `await import('${plane}/added/added.ts');`,
      `import '${plane}/main.ts';`,
    );
  });

  const forbidden = [
    ...plant('proxy/failure.ts', "import './log.ts';", "import './message/grpc.ts';"),
    ...plant('proxy/forward-planted.ts', "import './xds/apply.ts';", "import './upstream/dial.ts';"),
    ...plant('proxy/http1/planted-too.ts', "import '../http2/huffman.ts';", "import '../clock.ts';"),
    ...plant('proxy/http2/hpack/planted-too.ts', "import '../../http1/head-limits.ts';", "import '../../clock.ts';"),
    ...plant('proxy/transport/planted-too.ts', "import '../message-head.ts';", "import '../tls/session-cache.ts';"),
    ...plant('proxy/cluster/planted-too.ts', "import '../route/route.ts';", "import '../forward/local-reply.ts';"),
    ...plant('proxy/workers/planted-too.ts', "import '../xds/control-plane-client.ts';", "import '../proxy.ts';"),
    ...plant('control-plane/model/planted-too.ts', "import '../registry/lease.ts';"),
    ...plant('control-plane/translate/planted-too.ts', "import '../store/store.ts';", "import '../log.ts';"),
    ...plant(
      'control-plane/translate/services/planted-too.ts',
      "import '../routes/routes.ts';",
      "import '../mesh-index.ts';",
      "import '../../store/store.ts';",
    ),
    ...plant('control-plane/xds/planted-too.ts', "import '../translate/translate.ts';"),
    ...plant('control-plane/api/planted-too.ts', "import '../xds/xds-server.ts';"),
    ...plant('cli/planted.ts', "import '../proxy/forward-http.ts';", "import '../certs/svid.ts';"),
    ...plant('cli/run/planted.ts', "import '../../control-plane/store/store.ts';"),
  ];

  plant(
    'proxy/forward-allowed.ts',
    "import './forward/added.ts';",
    "import './failure.ts';",
    "import '../proto/any.ts';",
  );
  plant('proxy/http1/allowed.ts', "import '../transport/added.ts';", "import './added.ts';", "import 'undici';");
  plant('proxy/http2/hpack/allowed.ts', "import '../added.ts';", "import '../../message/added.ts';");
  plant('proxy/http2/testing/allowed.ts', "import '../added.ts';", "import '../../testing/added.ts';");
  plant('proxy/cluster/allowed.test.ts', "import '../testing/added.ts';", "import '../../examples/testing/added.ts';");
  plant('control-plane/xds/allowed.ts', "import '../translate/snapshot.ts';", "import '../../certs/svid.ts';");
  plant('cli/run/allowed.ts', "import '../option-values.ts';", "import '../../proxy/main.ts';");

  beforeAll(async () => {
    const { includes: _, ...files } = biome.files;
    writeFileSync(join(scratch, 'biome.json'), JSON.stringify({ ...biome, files, vcs: { enabled: false } }));
    const command = join(import.meta.dirname, 'node_modules/.bin/biome');
    const lint = ['lint', '--only=style/noRestrictedImports', '--reporter=github', '--max-diagnostics=none'];
    const output = await new Promise<string>((resolve) => {
      execFile(command, lint, { cwd: scratch, maxBuffer: 1 << 24 }, (_error, stdout) => resolve(stdout));
    });
    const found = output.matchAll(/noRestrictedImports,file=([^,]+),line=(\d+)/g);
    refused = new Set([...found].map(([, file = '', line]) => `${relative(scratch, file)}:${line}`));
  });

  afterAll(() => rmSync(scratch, { recursive: true }));

  it('are there for every folder, and for no other', () => {
    expect(folders.filter((folder) => !rows.some((row) => covers(row, `${folder}/added.ts`)))).toEqual([]);
    expect(rows.filter((row) => !sources.some((file) => covers(row, file)))).toEqual([]);
  });

  it('forbid whatever they do not name', () => {
    expect(unheardOf.filter((place) => !refused.has(place))).toEqual([]);
  });

  it('forbid what lies beside the way', () => {
    expect(forbidden.filter((place) => !refused.has(place))).toEqual([]);
  });

  it('forbid nothing else', () => {
    const expected = new Set([...unheardOf, ...forbidden]);
    expect([...refused].filter((place) => !expected.has(place))).toEqual([]);
  });
});

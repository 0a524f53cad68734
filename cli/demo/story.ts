import type { Style } from '../terminal/style.ts';
import type { Shop } from './shop.ts';

/** Services in the order of a call's way, versions apart. */
const order = ['web v1', 'cart v1', 'cart v2', 'recommend v1', 'db v1'];

/** One line for each service and version: how many of its instances callers are sent to, and as whom they answer. */
export function serviceLines(
  shop: Shop,
  inUse: ReadonlySet<string>,
  identityOf: (service: string) => string,
  style: Style,
): string[] {
  return order.map((kind) => {
    const instances = shop.instances.filter(({ service, version }) => `${service} ${version}` === kind);
    const ready = instances.filter(({ name }) => inUse.has(name));
    const glyph = ready.length === instances.length ? style.good : style.bad;
    const hasVersions = kind.startsWith('cart');
    const name = hasVersions ? kind : kind.replace(/ v\d+$/, '');
    const identity = identityOf(kind.split(' ')[0] ?? '');
    const note = notes(shop)[kind];
    return [`${glyph} ${name.padEnd(13)} ${ready.length}/${instances.length}`, identity, note]
      .filter(Boolean)
      .join('   ');
  });
}

function notes(shop: Shop): Readonly<Record<string, string>> {
  return { 'cart v2': 'receives 0 % until you say so', 'db v1': `served by ${shop.database}` };
}

/**
 * Five commands that run as printed in the folder of the clone. `context` is the demo's when the CLI's current one is
 * another.
 */
export function thingsToTry(folder: string, currentFolder: string, context: string | null): string[] {
  const where = folder === currentFolder ? 'in this folder' : `in ${folder}`;
  const commands = [
    ['npx heddle stat', 'what is healthy'],
    ['npx heddle describe cart', 'who decides what'],
    ['npx heddle route cart v1=90 v2=10', 'a canary'],
    ['npx heddle fault recommend --abort 503 --percent 30 --for 2m', 'some failures'],
    ['npx heddle undo', 'take that back'],
  ];
  return [
    `Try, in another terminal, ${where}:`,
    ...commands.map(([command = '', meaning]) => {
      const line = context === null ? command : `${command} --context ${context}`;
      return `  ${line.padEnd(context === null ? 62 : 84)}${meaning}`;
    }),
  ];
}

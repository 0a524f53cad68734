import type { Style } from '../terminal/style.ts';
import type { Instance, Shop } from './shop.ts';

/** Services in the order of a call's way, versions apart. */
const order = ['web v1', 'cart v1', 'cart v2', 'recommend v1', 'db v1'];

/** One line for each service and version: how many of its instances are up, and as whom. */
export function serviceLines(
  shop: Shop,
  isReady: (instance: Instance) => boolean,
  identityOf: (instance: Instance) => string,
  style: Style,
): string[] {
  return order.map((kind) => {
    const instances = shop.instances.filter(({ service, version }) => `${service} ${version}` === kind);
    const ready = instances.filter(isReady);
    const glyph = ready.length === instances.length ? style.good : style.bad;
    const hasVersions = kind.startsWith('cart');
    const name = hasVersions ? kind : kind.replace(/ v\d+$/, '');
    const identity = instances[0] ? identityOf(instances[0]) : '';
    const note = notes(shop, instances)[kind];
    return [`${glyph} ${name.padEnd(13)} ${ready.length}/${instances.length}`, identity, note]
      .filter(Boolean)
      .join('   ');
  });
}

function notes(shop: Shop, instances: readonly Instance[]): Readonly<Record<string, string>> {
  const refusing = instances.find(({ listens }) => !listens);
  return {
    'cart v2': 'receives 0 % until you say so',
    'db v1': `served by ${shop.database}`,
    ...(refusing && { 'recommend v1': `${refusing.name} refuses connections, on purpose` }),
  };
}

/** Four commands that run as printed in the folder of the clone. */
export function thingsToTry(folder: string, currentFolder: string): string[] {
  const where = folder === currentFolder ? 'in this folder' : `in ${folder}`;
  const commands = [
    ['npx heddle stat', 'what is healthy'],
    ['npx heddle edges', 'who calls whom, and as whom'],
    ['npx heddle apply -f examples/shop/split.yaml --wait', 'one call in ten to cart v2'],
    ['npx heddle proxies', 'which sidecars have what in force'],
  ];
  return [
    `Try, in another terminal, ${where}:`,
    ...commands.map(([command = '', meaning]) => `  ${command.padEnd(54)}${meaning}`),
  ];
}

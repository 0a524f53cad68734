import { describe, expect, it } from 'vitest';
import type { Style } from '../terminal/style.ts';
import { planShop } from './shop.ts';
import { serviceLines, thingsToTry } from './story.ts';

const plain: Style = { paint: (_tone, text) => text, good: '√', bad: '×', warning: '‼' };

describe('serviceLines', () => {
  it('counts what is up, service by service', async () => {
    const shop = await planShop({ python: true, hangingUp: false });
    const lines = serviceLines(
      shop,
      new Set(shop.instances.map(({ name }) => name).filter((name) => name !== 'cart-v1-2')),
      (service) => `spiffe://td/sa/${service}`,
      plain,
    );
    expect(lines).toEqual([
      '√ web           2/2   spiffe://td/sa/web',
      '× cart v1       1/2   spiffe://td/sa/cart',
      '√ cart v2       1/1   spiffe://td/sa/cart   receives 0 % until you say so',
      '√ recommend     2/2   spiffe://td/sa/recommend',
      '√ db            1/1   spiffe://td/sa/db   served by python3 -m http.server',
    ]);
  });

  it('leaves out no instance', async () => {
    const shop = await planShop({ python: false, hangingUp: true });
    const counted = serviceLines(shop, new Set(), () => '', plain).map((line) => Number(/\/(\d+)/.exec(line)?.[1]));
    expect(counted.reduce((sum, count) => sum + count)).toBe(shop.instances.length);
  });
});

describe('thingsToTry', () => {
  it('names the folder when it is another one', () => {
    expect(thingsToTry('/clone', '/clone', null)[0]).toContain('in this folder');
    expect(thingsToTry('/clone', '/home', null)[0]).toContain('in /clone');
  });

  it('fits a narrow terminal, and is short', () => {
    const lines = thingsToTry('/clone', '/clone', null);
    expect(lines.length).toBeLessThanOrEqual(6);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('names the context when another is the current one', () => {
    expect(thingsToTry('/clone', '/clone', null)[1]).toMatch(/^ {2}npx heddle stat {2}/);
    expect(thingsToTry('/clone', '/clone', 'demo')[1]).toMatch(/^ {2}npx heddle stat --context demo /);
  });
});

import { expect, it } from 'vitest';
import { messageType } from '../../proto/load.ts';
import { RequestHead } from '../message-head.ts';
import { RequestAffinity } from '../route/hash-policy.ts';
import { compileHashPolicies } from './compile-hash-policies.ts';

it('gives a cookie that lasts longer than a timer could wait all of its time', () => {
  const seconds = 90 * 86_400;
  const type = messageType('envoy.config.route.v3.RouteAction');
  const action = { hash_policy: [{ cookie: { name: 'a', ttl: { seconds }, path: '/' } }] };
  const policies = compileHashPolicies(type.decode(type.encode(action)).hash_policy, () => 0);
  const affinity = new RequestAffinity();
  policies?.keyOf(new RequestHead(), '', affinity);
  expect(affinity.answerLines).toContain(`Max-Age=${seconds};`);
});

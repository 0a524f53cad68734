import { describe, expect, it } from 'vitest';
import { applicationEnvironment } from './application-environment.ts';

describe('applicationEnvironment', () => {
  it('names the sidecar as HTTP proxy, and never as HTTPS proxy', () => {
    const environment = applicationEnvironment({ PATH: '/bin' }, 16001);
    expect(environment).toEqual({
      PATH: '/bin',
      http_proxy: 'http://127.0.0.1:16001',
      HTTP_PROXY: 'http://127.0.0.1:16001',
      no_proxy: 'localhost,127.0.0.1,::1',
      NO_PROXY: 'localhost,127.0.0.1,::1',
    });
  });

  it('lets no proxy settings of the user’s shell lead around the sidecar', () => {
    const shell = { http_proxy: 'http://office:3128', no_proxy: '*', https_proxy: 'http://office:3128' };
    const environment = applicationEnvironment(shell, 1);
    expect(environment.http_proxy).toBe('http://127.0.0.1:1');
    expect(environment.no_proxy).toBe('localhost,127.0.0.1,::1');
    expect(environment.https_proxy).toBe('http://office:3128');
  });

  it('keeps the join token from the program', () => {
    expect(applicationEnvironment({ HEDDLE_JOIN_TOKEN: 'secret', HEDDLE_API: 'x' }, 1)).not.toHaveProperty(
      'HEDDLE_JOIN_TOKEN',
    );
  });
});

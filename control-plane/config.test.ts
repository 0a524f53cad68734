import { describe, expect, it } from 'vitest';
import { ConfigError, flags, readConfig, usage, variableOf } from './config.ts';

const home = { XDG_STATE_HOME: '/state', XDG_CONFIG_HOME: '/config' };

describe('readConfig', () => {
  it('needs nothing', () => {
    expect(readConfig([], home)).toEqual({
      stateDir: '/state/heddle',
      trustDomain: 'cluster.local',
      xdsHost: '127.0.0.1',
      xdsPort: 15012,
      apiHost: '127.0.0.1',
      apiPort: 15080,
      metricsHost: '127.0.0.1',
      metricsPort: 15014,
      advertise: null,
      logLevel: 'info',
      contextName: 'local',
      newAdminToken: false,
      contextFile: '/config/heddle/config.yaml',
    });
  });

  it('listens for other hosts as soon as it is told by which address they reach it', () => {
    expect(readConfig(['--advertise', 'cp.example'], home)).toMatchObject({ xdsHost: '0.0.0.0' });
    expect(readConfig(['--advertise', 'cp.example', '--xds-host', '10.0.0.1'], home)).toMatchObject({
      xdsHost: '10.0.0.1',
    });
  });

  it('prefers a flag to the environment, and that to the default', () => {
    const environment = { ...home, HEDDLE_XDS_PORT: '1', HEDDLE_API_PORT: '2', HEDDLE_NEW_ADMIN_TOKEN: '1' };
    expect(readConfig(['--xds-port', '0'], environment)).toMatchObject({
      xdsPort: 0,
      apiPort: 2,
      metricsPort: 15014,
      newAdminToken: true,
    });
  });

  it('takes an empty variable, and "no" for a flag without value, as not given', () => {
    const environment = { ...home, HEDDLE_API_PORT: '', HEDDLE_NEW_ADMIN_TOKEN: 'no', HEDDLE_STATE_DIR: '' };
    expect(readConfig([], environment)).toMatchObject({
      apiPort: 15080,
      newAdminToken: false,
      stateDir: '/state/heddle',
    });
  });

  it.each([
    [['--xds-port', '65536'], '--xds-port "65536" is not a port number (0 to 65535)'],
    [['--api-port', '-1'], '--api-port'],
    [['--metrics-port=8o'], '--metrics-port "8o" is not a port number'],
    [['--trust-domain', 'A/b'], '--trust-domain "A/b" may have'],
    [['--log-level', 'all'], 'is not one of trace, debug, info, warn, error'],
    [['--unknown'], "Unknown option '--unknown'"],
    [['word'], "Unexpected argument 'word'"],
  ])('refuses %j in one line', (parameters, message) => {
    const read = () => readConfig(parameters, home);
    expect(read).toThrow(ConfigError);
    expect(read).toThrow(message);
    expect(read).toThrow(/^[^\n]*$/);
  });
});

describe('usage', () => {
  it.each(Object.keys(flags))('names --%s', (flag) => {
    expect(usage()).toContain(`--${flag}`);
    expect(variableOf(flag)).toMatch(/^HEDDLE_[A-Z_]+$/);
  });
});

import { describe, expect, it } from 'vitest';
import type { RegisteredProtocol } from '../../registry/registered-workload.ts';
import type { Instance, ServiceMember } from '../view/instance.ts';
import type { DeclaringPort } from './port-protocol.ts';
import { declarePort } from './port-protocol.ts';

const undeclared: DeclaringPort = {
  port: 80,
  name: '',
  appProtocol: '',
  target: { by: 'number', port: 8080 },
};

const named = { by: 'name', name: 'db' } as const;

describe('declarePort', () => {
  it.each<[string, Partial<DeclaringPort>, readonly ServiceMember[], string, string]>([
    ['nothing', {}, [], 'auto', 'nobody'],
    ['nothing, of a workload that runs', {}, [running('a', 'auto')], 'auto', 'nobody'],
    ['appProtocol', { appProtocol: 'grpc' }, [], 'http2', 'appProtocol'],
    ['an appProtocol that the mesh does not know', { appProtocol: 'example.com/x' }, [], 'auto', 'nobody'],
    ['appProtocol before workloads', { appProtocol: 'http' }, [running('a', 'tcp')], 'http', 'appProtocol'],
    ['appProtocol before a well-known port', { port: 6379, appProtocol: 'http' }, [], 'http', 'appProtocol'],
    ['a workload', {}, [running('a', 'grpc')], 'http2', 'workloads'],
    ['a workload before the port name', { name: 'http' }, [running('a', 'tcp')], 'tcp', 'workloads'],
    ['the one workload that says anything', {}, [running('a', 'auto'), running('b', 'tcp')], 'tcp', 'workloads'],
    ['workloads of another port', {}, [running('a', 'tcp', 7000)], 'auto', 'nobody'],
    ['two that say the same', {}, [running('a', 'grpc'), running('b', 'http2')], 'http2', 'workloads'],
    ['one that says TCP', {}, [running('a', 'http'), running('b', 'tcp')], 'tcp', 'workloads'],
    ['two kinds of HTTP', {}, [running('a', 'http2'), running('b', 'http')], 'http', 'workloads'],
    ['the port name', { name: 'tcp-db' }, [], 'tcp', 'port name'],
    ['the port name before a well-known port', { port: 25, name: 'http' }, [], 'http', 'port name'],
    ['a well-known port', { port: 5432 }, [], 'tcp', 'well-known port'],
    ['a well-known port behind', { target: { by: 'number', port: 3306 } }, [], 'tcp', 'well-known port'],
    ['a well-known port by name', { target: named }, [running('a', 'auto', 27017)], 'tcp', 'well-known port'],
    ['a well-known first port', { target: { by: 'default' } }, [running('a', 'auto', 6379)], 'tcp', 'well-known port'],
    ['who ran until lately', {}, [gone('tcp')], 'tcp', 'workloads'],
    ['who runs before who ran', {}, [gone('tcp'), running('a', 'http')], 'http', 'workloads'],
    ['who runs and says nothing before who ran', {}, [gone('tcp'), running('a', 'auto')], 'auto', 'nobody'],
  ])('goes by %s', (_what, changes, members, protocol, saidBy) => {
    expect(declarePort({ ...undeclared, ...changes }, members)).toMatchObject({ protocol, saidBy });
  });

  it('lists what workloads say, whatever counts', () => {
    const members = [running('b', 'tcp'), running('c', 'auto'), running('a', 'grpc')];
    expect(declarePort({ ...undeclared, appProtocol: 'http' }, members).workloads).toEqual([
      { workload: 'b', port: 8080, declared: 'tcp', protocol: 'tcp' },
      { workload: 'a', port: 8080, declared: 'grpc', protocol: 'http2' },
    ]);
  });
});

function gone(protocol: RegisteredProtocol, port = 8080): ServiceMember {
  return {
    namespace: 'default',
    service: 'store',
    version: '',
    identity: '',
    labels: {},
    ports: [{ port, name: 'db', protocol }],
  };
}

function running(name: string, protocol: RegisteredProtocol, port = 8080): Instance {
  const ports = [{ port, name: 'db', protocol, inbound: null }];
  return { ...gone(protocol, port), name, address: '10.0.0.1', weight: 1, region: '', zone: '', ports };
}

import type { ServerUnaryCall, sendUnaryData } from '@grpc/grpc-js';
import { credentials, Server, ServerCredentials, status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientOf } from './client.ts';
import type { JoinRequest__Output } from './generated/heddle/v1/JoinRequest.ts';
import type { JoinResponse, JoinResponse__Output } from './generated/heddle/v1/JoinResponse.ts';
import { serviceDefinition } from './load.ts';

describe('clientOf', () => {
  const server = new Server();
  let port: number;

  beforeAll(async () => {
    server.addService(serviceDefinition('heddle.v1.IdentityService'), {
      Join(call: ServerUnaryCall<JoinRequest__Output, JoinResponse>, answer: sendUnaryData<JoinResponse>) {
        answer(null, { certificate_chain: [call.request.signing_request], spiffe_id: call.request.token });
      },
      Renew(_call: unknown, answer: sendUnaryData<never>) {
        answer({ code: status.UNAUTHENTICATED, details: 'no certificate' });
      },
    });
    port = await new Promise((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      );
    });
  });
  afterAll(() => server.forceShutdown());

  it('makes calls to a server that serves the same definition', async () => {
    const client = new (clientOf('heddle.v1.IdentityService'))(`127.0.0.1:${port}`, credentials.createInsecure());
    const request = { token: 'a.b.c', signing_request: Buffer.from([1, 2, 3]) };
    const answer = await new Promise<JoinResponse__Output | undefined>((resolve, reject) => {
      client.Join(request, (error, response) => (error ? reject(error) : resolve(response)));
    });
    expect(answer?.spiffe_id).toBe('a.b.c');
    expect(answer?.certificate_chain).toEqual([Buffer.from([1, 2, 3])]);
    const refusal = await new Promise((resolve) => client.Renew({}, (error) => resolve(error?.code)));
    expect(refusal).toBe(status.UNAUTHENTICATED);
    client.close();
  });
});

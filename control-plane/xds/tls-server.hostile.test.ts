import { describeMeshPort } from '../../certs/mesh-port.contract.ts';
import { peerLeaf } from '../../certs/peer-chain.ts';
import { silentLog } from '../log.ts';
import { TlsServer } from './tls-server.ts';

describeMeshPort('the port that sidecars join and attach at', {
  alpn: 'h2',
  isAnonymousRefused: false, // joining is for those who have no certificate yet
  start: async (mesh, handshakeTimeoutMs) => {
    let accepted = 0;
    const { key, cert } = mesh.identity('control-plane');
    const server = await TlsServer.listen({
      host: '127.0.0.1',
      port: 0,
      identity: { chainPem: cert, privateKeyPem: key },
      trustBundlePem: mesh.bundlePem,
      trustDomain: 'shop.local',
      handshakeTimeoutMs,
      onConnection: (socket) => {
        // a client whose key is of no use to TLS 1.3 leaves its certificate away, and may stay as one who wants to join
        if (peerLeaf(socket) === null) {
          socket.end();
          return;
        }
        accepted++;
        socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\n\r\n'));
      },
      log: silentLog,
    });
    return {
      port: server.port,
      accepted: () => accepted,
      refused: () => server.counts().refused,
      close: () => server.close(),
    };
  },
});

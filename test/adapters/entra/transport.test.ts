import { createServer, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { DEFAULT_PATIENCE } from '../../../src/adapters/entra/patience.ts';
import { createTransport, type Transport } from '../../../src/adapters/entra/transport.ts';

let server: Server;
let transport: Transport;
afterEach(async () => {
  await transport.close();
  server.close();
});

/** Asks a server that answers so, with little time for a body. */
async function ask(answer: (response: ServerResponse) => void) {
  server = createServer((_request, response) => answer(response.setHeader('content-type', 'application/json')));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  transport = createTransport({ ...DEFAULT_PATIENCE, bodyTimeoutMs: 60 });
  return transport.send({ url: `http://127.0.0.1:${port}/v1.0/users`, method: 'GET', headers: {} });
}

test('a page that drips for longer than the time for a body is a failure, not a cycle without an end', async () => {
  const asked = ask((response) => {
    const drip = setInterval(() => response.write(' '), 5);
    response.on('close', () => clearInterval(drip));
  });
  await expect(asked).rejects.toMatchObject({
    name: 'TransientError',
    message: expect.stringContaining('BODY_TIMEOUT'),
  });
});

test('a page that comes in time is an answer', async () => {
  expect(await ask((response) => void response.end('{"value":[]}'))).toMatchObject({
    status: 200,
    body: { value: [] },
  });
});

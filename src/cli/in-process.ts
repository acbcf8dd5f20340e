import type { FastifyInstance } from 'fastify';
import type { Transport } from './transport.ts';

/**
 * Reaches the API of an application inside this process, without a port. `token` is needed when the application asks for
 * one. `close` also lets go of what the application was built on.
 */
export function inProcessTransport(app: FastifyInstance, close: () => Promise<void>, token?: string): Transport {
  return {
    async request({ method, path, headers, body, signal }) {
      const response = await app.inject({
        method,
        url: path,
        headers: token === undefined ? headers : { ...headers, authorization: `Bearer ${token}` },
        payloadAsStream: true,
        ...(body === undefined ? {} : { payload: body }),
        ...(signal === undefined ? {} : { signal }),
      });
      // Once an answer has begun, aborting the injected request no longer reaches the application; a broken connection does.
      signal?.addEventListener('abort', () => response.raw.res.destroy(), { once: true });
      const contentType = response.headers['content-type'];
      return { status: response.statusCode, contentType: String(contentType ?? ''), body: response.stream() };
    },
    async close() {
      await app.close();
      await close();
    },
  };
}

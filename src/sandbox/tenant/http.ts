import { setTimeout as wait } from 'node:timers/promises';
import { fastify, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { TransportEffect } from './graph/dispatch.ts';

/** What is sent back, before a fault of the transport spoils it. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly transport?: TransportEffect | undefined;
}

/** A request with its path undecoded and its body unparsed: what is refused depends on who answers it. */
export interface HttpRequest {
  readonly method: string;
  /** Path and query as sent. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
  /** `http://host:port` as the client addressed it, so that links lead back the same way. */
  readonly origin: string;
}

export type Answerer = (request: HttpRequest) => HttpAnswer | Promise<HttpAnswer>;

const MAX_BODY_BYTES = 16 * 1024 * 1024;

function textHeaders(request: FastifyRequest): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
  );
}

const HTML = '<!DOCTYPE html><html><head><title>Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>';

/** Announces the whole body, sends half of it, and drops the connection. */
function cutShort(reply: FastifyReply, answer: HttpAnswer): void {
  const bytes = Buffer.from(answer.body);
  reply.hijack();
  reply.raw.writeHead(answer.status, { ...answer.headers, 'content-length': bytes.length });
  reply.raw.write(bytes.subarray(0, bytes.length >> 1), () => reply.raw.destroy());
}

/** Waits; false when the tenant closed meanwhile. */
async function outlasted(milliseconds: number, closing: AbortSignal): Promise<boolean> {
  // The only way the wait is rejected is that signal.
  return wait(milliseconds, true, { signal: closing }).catch(() => false);
}

async function send(reply: FastifyReply, answer: HttpAnswer, closing: AbortSignal): Promise<void> {
  const { transport } = answer;
  switch (transport?.kind) {
    case 'reset':
      reply.hijack();
      reply.raw.socket?.resetAndDestroy();
      return;
    case 'cut':
      return cutShort(reply, answer);
    case 'html':
      await reply.code(transport.status).header('content-type', 'text/html').send(HTML);
      return;
    case 'truncated':
      await reply
        .code(answer.status)
        .headers(answer.headers)
        .send(answer.body.slice(0, answer.body.length >> 1));
      return;
    case 'slow':
      if (await outlasted(transport.milliseconds, closing)) break;
      reply.hijack();
      reply.raw.destroy();
      return;
    case undefined:
      break;
    default:
      transport satisfies never;
  }
  await reply.code(answer.status).headers(answer.headers).send(answer.body);
}

/** One server for login, Graph and control. It hands requests on undecoded and sends what it is given. */
export function createHttp(answer: Answerer): FastifyInstance {
  const closing = new AbortController();
  const app = fastify({
    bodyLimit: MAX_BODY_BYTES,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 8192 },
    // A path with a malformed percent-encoding never reaches a route.
    frameworkErrors: (_error, request, reply) => void answerRequest(request, reply),
  });

  async function answerRequest(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const given = await answer({
      method: request.method,
      url: request.raw.url ?? '/',
      headers: textHeaders(request),
      body: typeof request.body === 'string' ? request.body : '',
      origin: `http://${request.headers.host ?? 'localhost'}`,
    });
    await send(reply, given, closing.signal);
  }

  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
  app.all('*', answerRequest);
  app.addHook('preClose', async () => closing.abort());
  return app;
}

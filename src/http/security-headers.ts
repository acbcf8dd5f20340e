import helmet from '@fastify/helmet';
import type { FastifyInstance } from 'fastify';

/** Our own pages have no script and one style sheet. */
const OWN_PAGES = {
  defaultSrc: ["'none'"],
  styleSrc: ["'self'"],
  imgSrc: ["'self'", 'data:'],
  baseUri: ["'none'"],
  formAction: ["'none'"],
  frameAncestors: ["'none'"],
};

/** The queue board is a script that styles its elements in place, starts a worker, sets a base address and asks its own API. */
const QUEUE_BOARD = {
  ...OWN_PAGES,
  scriptSrc: ["'self'"],
  workerSrc: ["'self'"],
  styleSrc: ["'self'", "'unsafe-inline'"],
  fontSrc: ["'self'", 'data:'],
  connectSrc: ["'self'"],
  manifestSrc: ["'self'"],
  baseUri: ["'self'"],
};

/**
 * Sets security headers on every answer. No `upgrade-insecure-requests` and no HSTS: Headgate speaks plain HTTP, and
 * whether TLS stands before it is for the proxy to say.
 */
export function secureHeaders(app: FastifyInstance): void {
  void app.register(helmet, {
    strictTransportSecurity: false,
    referrerPolicy: { policy: 'no-referrer' },
    contentSecurityPolicy: { useDefaults: false, directives: OWN_PAGES },
  });
}

/** Loosens the policy for the pages of the queue board, and only for them. */
export function allowQueueBoard(app: FastifyInstance): void {
  app.addHook('onRequest', async (_request, reply) => {
    reply.helmet({
      strictTransportSecurity: false,
      referrerPolicy: { policy: 'no-referrer' },
      contentSecurityPolicy: { useDefaults: false, directives: QUEUE_BOARD },
    });
  });
}

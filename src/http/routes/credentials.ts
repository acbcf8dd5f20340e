import type { FastifyInstance } from 'fastify';
import {
  actBody,
  addCredentialBody,
  credentialParams,
  endBody,
  listCredentialsQuery,
  ownerBody,
  rotationBody,
} from '../credential-input.ts';
import { nothing, readInput } from '../input.ts';
import { connectionOf, requireConnection, type ApiContext } from './context.ts';

/** Who asked, where the request does not say. */
const API = 'api';

/** Credentials of connections: no answer ever holds a secret, and a body that does is neither logged nor repeated. */
export function credentialRoutes(app: FastifyInstance, context: ApiContext): void {
  readRoutes(app, context);
  takeRoutes(app, context);
  actRoutes(app, context);
}

function readRoutes(app: FastifyInstance, { operator }: ApiContext): void {
  app.get('/credentials', async (request) => {
    const { connection } = readInput('query', listCredentialsQuery, request.query);
    if (connection !== undefined) requireConnection(operator, connection);
    return operator.credentials.list(connection);
  });
  app.get('/credentials/:reference', async (request) => {
    readInput('query', nothing, request.query);
    return operator.credentials.show(readInput('params', credentialParams, request.params).reference);
  });
}

function takeRoutes(app: FastifyInstance, { operator, disconnects }: ApiContext): void {
  app.post('/connections/:name/credentials', async (request, reply) => {
    const connection = connectionOf(operator, request.params);
    readInput('query', nothing, request.query);
    const { by = API, ...added } = readInput('body', addCredentialBody, request.body);
    const credential = await operator.credentials.add({ connection, by, ...added }, disconnects.signalFor(reply));
    return reply.code(201).send(credential);
  });
  app.post('/connections/:name/rotation', async (request, reply) => {
    const connection = connectionOf(operator, request.params);
    readInput('query', nothing, request.query);
    const { by = API, ...asked } = readInput('body', rotationBody, request.body ?? {});
    return operator.credentials.rotate({ connection, by, ...asked }, disconnects.signalFor(reply));
  });
}

function actRoutes(app: FastifyInstance, { operator, disconnects }: ApiContext): void {
  for (const verb of ['probe', 'promote'] as const) {
    app.post(`/credentials/:reference/${verb}`, async (request, reply) => {
      const { reference } = readInput('params', credentialParams, request.params);
      const { by = API } = readInput('body', actBody, request.body ?? {});
      return operator.credentials[verb](reference, by, disconnects.signalFor(reply));
    });
  }
  for (const verb of ['retire', 'revoke'] as const) {
    app.post(`/credentials/:reference/${verb}`, async (request, reply) => {
      const { reference } = readInput('params', credentialParams, request.params);
      const { by = API, deleted = false } = readInput('body', endBody, request.body ?? {});
      return operator.credentials[verb](reference, { by, deleted }, disconnects.signalFor(reply));
    });
  }
  app.post('/credentials/:reference/owner', async (request, reply) => {
    const { reference } = readInput('params', credentialParams, request.params);
    const { by = API, owner } = readInput('body', ownerBody, request.body);
    return operator.credentials.setOwner(reference, owner, by, disconnects.signalFor(reply));
  });
}

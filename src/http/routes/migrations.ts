import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { ASSUMPTIONS } from '../../core/migration/rehearsal.ts';
import { CONSENTS, MIGRATION_GATES, MIGRATION_KINDS, UNNAMED } from '../../core/migration/migration.ts';
import type { MigrationAsk } from '../../ports/migration-operator.ts';
import { connectionParams, nothing, readInput } from '../input.ts';
import { describeFailure, whereOf } from '../failure.ts';
import { renderMigrationReport } from '../migration-report.ts';
import { jsonLine, progressLines } from '../plan-lines.ts';
import { connectionOf, type ApiContext } from './context.ts';

const HOUR_MS = 3_600_000;
const person = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .regex(/^[^\p{Cc}]*$/u, 'control characters are not allowed');
const group = z.string().trim().min(1).max(300);

const askBody = z.strictObject({
  kind: z.enum(MIGRATION_KINDS),
  groups: z.array(group).max(10_000).default([]),
  accept: z.array(z.enum(CONSENTS)).default([]),
  twoPeople: z.boolean().default(false),
  approvalHours: z.number().positive().max(720).default(24),
});
const rehearsalBody = askBody.extend({ assume: z.array(z.enum(ASSUMPTIONS)).default([]) });
const startBody = askBody.extend({ requestedBy: person.default(UNNAMED) });
const approveBody = z.strictObject({
  gate: z.enum(MIGRATION_GATES),
  digest: z.string().regex(/^[0-9a-f]{12,64}$/, 'not a digest, or its first twelve or more hexadecimal digits'),
  by: person.default(UNNAMED),
});
const actBody = z.strictObject({ by: person.default(UNNAMED), reason: person.optional() });
const verbParams = connectionParams.extend({ verb: z.enum(['pause', 'resume', 'abort', 'rollback']) });
const whatIfQuery = z.strictObject({ group: z.union([group.transform((one) => [one]), z.array(group).min(1)]) });

function askOf(connection: string, body: z.infer<typeof askBody>): MigrationAsk {
  const { kind, groups, accept, twoPeople, approvalHours } = body;
  return { connection, kind, groups, options: { accept, twoPeople, approvalMs: approvalHours * HOUR_MS } };
}

/** Migrations of a connection: its open one, or its last. */
export function migrationRoutes(app: FastifyInstance, context: ApiContext): void {
  const { operator, migrations, disconnects, log } = context;
  const silent = () => undefined;

  app.get('/connections/:name/whatif', async (request, reply) => {
    const connection = connectionOf(operator, request.params);
    const { group: groups } = readInput('query', whatIfQuery, request.query);
    return migrations.whatIf(connection, groups, disconnects.signalFor(reply));
  });
  app.post('/connections/:name/migration/plan', async (request, reply) => {
    const connection = connectionOf(operator, request.params);
    const ask = askOf(connection, readInput('body', askBody, request.body));
    return migrations.planMigration(ask, silent, disconnects.signalFor(reply));
  });
  app.post('/connections/:name/migration', async (request, reply) => {
    const connection = connectionOf(operator, request.params);
    const { requestedBy, ...body } = readInput('body', startBody, request.body);
    const start = { ...askOf(connection, body), requestedBy };
    const view = await migrations.startMigration(start, silent, disconnects.signalFor(reply));
    log.info({ connection, migration: view.id, kind: view.kind }, 'migration started');
    return reply.code(202).send(view);
  });
  rehearsalRoute(app, context);
  actRoutes(app, context);
  readRoutes(app, context);
}

/** Streams how far it is and then `rehearsal`, as NDJSON. It ends when the client goes away. */
function rehearsalRoute(app: FastifyInstance, { operator, migrations, disconnects, log }: ApiContext): void {
  app.post('/connections/:name/migration/rehearsal', async (request, reply) => {
    const connection = connectionOf(operator, request.params);
    const { assume, ...body } = readInput('body', rehearsalBody, request.body);
    const signal = disconnects.signalFor(reply);
    const lines = progressLines(
      async (progress) => migrations.rehearseMigration({ ...askOf(connection, body), assume }, progress, signal),
      (rehearsal) => [jsonLine({ type: 'rehearsal', rehearsal })],
      (error) => describeFailure(signal.aborted ? signal.reason : error, log, whereOf(request)),
    );
    return reply.type('application/x-ndjson').send(Readable.from(lines));
  });
}

function actRoutes(app: FastifyInstance, { operator, migrations, log }: ApiContext): void {
  app.post('/connections/:name/migration/approve', async (request) => {
    const connection = connectionOf(operator, request.params);
    const approval = readInput('body', approveBody, request.body);
    const view = await migrations.approveMigration({ connection, ...approval });
    log.info({ connection, migration: view.id, gate: approval.gate }, 'a gate of a migration was approved');
    return view;
  });
  app.post('/connections/:name/migration/act/:verb', async (request) => {
    const { name, verb } = readInput('params', verbParams, request.params);
    const connection = connectionOf(operator, { name });
    const { by, reason } = readInput('body', actBody, request.body ?? {});
    const view = await migrations.actOnMigration({
      connection,
      verb,
      by,
      ...(reason === undefined ? {} : { reason }),
    });
    log.info({ connection, migration: view.id, verb }, 'a migration was acted on');
    return view;
  });
}

function readRoutes(app: FastifyInstance, { operator, migrations }: ApiContext): void {
  app.get('/connections/:name/migration', async (request) => {
    readInput('query', nothing, request.query);
    return migrations.migrationStatus(connectionOf(operator, request.params));
  });
  app.get('/connections/:name/migration/report', async (request) => {
    readInput('query', nothing, request.query);
    return migrations.migrationReport(connectionOf(operator, request.params));
  });
  app.get('/connections/:name/migration/report.html', async (request, reply) => {
    readInput('query', nothing, request.query);
    const report = await migrations.migrationReport(connectionOf(operator, request.params));
    return reply.type('text/html; charset=utf-8').send(renderMigrationReport(report));
  });
}

import fastify, { type FastifyInstance } from 'fastify';
import { createAuthorise, refuseForeignWrites, requireKnownHost, requireToken, type Authorise } from './access.ts';
import { watchDisconnects } from './disconnect.ts';
import { answerFailures, describeFailure, sendProblem, whereOf } from './failure.ts';
import type { HttpOptions } from './options.ts';
import { mountQueueBoard } from './queue-board.ts';
import { configRoutes } from './routes/config.ts';
import { connectionRoutes } from './routes/connections.ts';
import type { ApiContext } from './routes/context.ts';
import { credentialRoutes } from './routes/credentials.ts';
import { cycleRoutes } from './routes/cycles.ts';
import { doctorRoute } from './routes/doctor.ts';
import { healthRoutes } from './routes/health.ts';
import { logRoute } from './routes/log.ts';
import { holdRoutes } from './routes/holds.ts';
import { metricsRoute } from './routes/metrics.ts';
import { migrationRoutes } from './routes/migrations.ts';
import { startPageRoutes, statusPageRoute } from './routes/pages.ts';
import { notificationRoutes } from './routes/notifications.ts';
import { planRoute } from './routes/plan.ts';
import { probeRoutes } from './routes/probe.ts';
import { linkRoutes } from './routes/links.ts';
import { recoveryRoutes } from './routes/recovery.ts';
import { provisionRoutes } from './routes/provision.ts';
import { scheduleRoutes } from './routes/schedules.ts';
import { statusRoutes } from './routes/status.ts';
import { allowQueueBoard, secureHeaders } from './security-headers.ts';

/** A request of the API is a few hundred bytes. */
const BODY_LIMIT = 64 * 1024;
const REQUEST_TIMEOUT_MS = 30_000;

/**
 * Builds the HTTP server: health and metrics (open), the API and the status page (token), the queue board (token,
 * read-only). It does not listen by itself: call `listen`, or use it in-process through `inject`.
 */
export function createHttpApp(options: HttpOptions): FastifyInstance {
  const app = fastify({
    logger: false,
    bodyLimit: BODY_LIMIT,
    requestTimeout: REQUEST_TIMEOUT_MS,
    // What is under way is drained in preClose; after that, idle and stuck connections alike must not hold up the stop.
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 200 },
    // Paths that lead to no route because they cannot be decoded or are too long; they meet no hook either.
    frameworkErrors: (error, request, reply) =>
      void sendProblem(reply, describeFailure(error, options.log, whereOf(request))),
  });
  acceptJson(app);
  secureHeaders(app);
  answerFailures(app, options.log);
  const disconnects = watchDisconnects(app, options.limits?.drainMs ?? 2000);
  const authorise = createAuthorise(options.apiToken);

  healthRoutes(app, options, authorise);
  metricsRoute(app, options.renderMetrics);
  void app.register(async (pages) => {
    pages.addHook('onRequest', requireKnownHost(options.hosts));
    startPageRoutes(pages, options.version);
    void pages.register(async (guarded) => {
      guarded.addHook('onRequest', requireToken(authorise, options.log, 'browser'));
      statusPageRoute(guarded, options.operator);
    });
  });
  registerApi(app, options, authorise, {
    operator: options.operator,
    migrations: options.migrations,
    disconnects,
    log: options.log,
  });
  if ([...options.queues].length > 0) registerQueueBoard(app, options, authorise);
  return app;
}

/** JSON is the only body there is; an empty one is no body. Keys that would reach a prototype are refused. */
function acceptJson(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') done(null, undefined);
    else void parse(request, String(body), done);
  });
}

function registerApi(app: FastifyInstance, options: HttpOptions, authorise: Authorise, context: ApiContext): void {
  const guard = (scope: FastifyInstance): void => {
    scope.addHook('onRequest', requireKnownHost(options.hosts));
    scope.addHook('onRequest', requireToken(authorise, options.log, 'program'));
    scope.addHook('onRequest', refuseForeignWrites);
    scope.addHook('onSend', async (_request, reply) => void reply.header('cache-control', 'no-store'));
  };
  void app.register(
    async (api) => {
      guard(api);
      for (const routes of [
        statusRoutes,
        planRoute,
        provisionRoutes,
        probeRoutes,
        cycleRoutes,
        logRoute,
        connectionRoutes,
        credentialRoutes,
        recoveryRoutes,
        linkRoutes,
        migrationRoutes,
        holdRoutes,
        notificationRoutes,
        scheduleRoutes,
        configRoutes,
        doctorRoute,
      ]) {
        routes(api, context);
      }
    },
    { prefix: '/api/v1' },
  );
}

function registerQueueBoard(app: FastifyInstance, options: HttpOptions, authorise: Authorise): void {
  void app.register(
    async (board) => {
      board.addHook('onRequest', requireKnownHost(options.hosts));
      board.addHook('onRequest', requireToken(authorise, options.log, 'browser'));
      allowQueueBoard(board);
      mountQueueBoard(board, options.queues, options.log);
    },
    { prefix: '/queues' },
  );
}

import type { FastifyInstance } from 'fastify';
import type { HttpOptions } from '../options.ts';

/** `GET /metrics`, open to scrapers: counts and times by connection, never a person. */
export function metricsRoute(app: FastifyInstance, renderMetrics: HttpOptions['renderMetrics']): void {
  app.get('/metrics', async (request, reply) => {
    const { contentType, body } = await renderMetrics(prefersOpenMetrics(request.headers.accept ?? ''));
    return reply.header('content-type', contentType).header('vary', 'accept').send(body);
  });
}

/** Whether an Accept header (RFC 9110 section 12.5.1) names OpenMetrics and ranks it no lower than plain text. */
export function prefersOpenMetrics(accept: string): boolean {
  const openMetrics = qualityOf(accept, 'application/openmetrics-text');
  return openMetrics > 0 && openMetrics >= qualityOf(accept, 'text/plain');
}

function qualityOf(accept: string, mediaType: string): number {
  const ranges = accept.split(',').map((range) => range.split(';').map((part) => part.trim().toLowerCase()));
  const qualities = ranges
    .filter(([type]) => type === mediaType)
    .map(([, ...parameters]) => Number(parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? 1));
  return Math.max(0, ...qualities.filter((quality) => Number.isFinite(quality)));
}

import { context, propagation, SpanKind, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, NodeTracerProvider, type SpanExporter } from '@opentelemetry/sdk-trace-node';
import type { Telemetry } from 'bullmq';
import { BullMQOtel } from 'bullmq-otel';
import type { Log } from '../../ports/log.ts';
import type { Metrics } from '../../ports/metrics.ts';
import { discreet } from './discreet.ts';

export interface TracingOptions {
  /** Where spans are posted to, as OTLP over HTTP with JSON. */
  readonly url: string;
  readonly version: string;
  readonly log: Log;
}

/** Traces of this process. One at a time: OpenTelemetry keeps its context for the whole process. */
export interface Tracing {
  /** For BullMQ's queues and workers. */
  readonly telemetry: Telemetry;
  /** Tells the same and makes a span of each HTTP request, inside the job it was sent by. */
  metrics(inner: Metrics): Metrics;
  /** Sends what is left, for a few seconds at most. */
  close(): Promise<void>;
}

/** A collector that is away must not hold up the end of a process for long, in ms. */
const EXPORT_TIMEOUT_MS = 3_000;

/** Begins to trace jobs and requests. A collector that cannot be reached costs a warning, never work. */
export function startTracing({ url, version, log }: TracingOptions): Tracing {
  const exporter = audible(new OTLPTraceExporter({ url, timeoutMillis: EXPORT_TIMEOUT_MS }), log);
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'headgate', 'service.version': version }),
    spanProcessors: [new BatchSpanProcessor(exporter, { exportTimeoutMillis: EXPORT_TIMEOUT_MS })],
  });
  provider.register();
  const tracer = trace.getTracer('headgate', version);
  return {
    telemetry: discreet(new BullMQOtel({ tracerName: 'headgate', version })),
    metrics: (inner) => ({
      ...inner,
      request(api, connection, method, code, seconds) {
        inner.request(api, connection, method, code, seconds);
        const endTime = Date.now();
        const attributes = {
          'headgate.api': api,
          ...(connection === '' ? {} : { 'headgate.connection': connection }),
          'http.request.method': method,
          ...(code === 'error' ? { 'error.type': 'no-answer' } : { 'http.response.status_code': code }),
        };
        const startTime = endTime - seconds * 1000;
        tracer.startSpan(`${api} ${method}`, { kind: SpanKind.CLIENT, startTime, attributes }).end(endTime);
      },
    }),
    async close() {
      // What could not be sent was told already.
      await provider.shutdown().catch(() => undefined);
      trace.disable();
      context.disable();
      propagation.disable();
    },
  };
}

/** Says once that spans cannot be delivered, and once that they are again. */
function audible(exporter: SpanExporter, log: Log): SpanExporter {
  let failing = false;
  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        const failed = result.error !== undefined;
        if (failed && !failing) log.warn({ error: result.error?.name }, 'traces cannot be delivered to the collector');
        if (!failed && failing) log.info({}, 'traces are delivered again');
        failing = failed;
        done(result);
      });
    },
    shutdown: () => exporter.shutdown(),
    forceFlush: async () => exporter.forceFlush?.(),
  };
}

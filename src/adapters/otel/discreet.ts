import { SpanKind, type Attributes, type Span, type Telemetry } from 'bullmq';

/**
 * What spans may say of a job. Everything else BullMQ would add (options, keys, results, reasons of failure) could hold what
 * an error of some library repeats.
 */
const TOLD: ReadonlySet<string> = new Set([
  'bullmq.queue.name',
  'bullmq.queue.operation',
  'bullmq.job.name',
  'bullmq.job.id',
  'bullmq.job.attempts.made',
]);

/** Telemetry that makes spans of jobs added and jobs run only, with what may be told, and of an exception only its name. */
export function discreet<Context>({ tracer, contextManager }: Telemetry<Context>): Telemetry<Context> {
  return {
    contextManager,
    tracer: {
      startSpan(name, options, context) {
        const { kind } = options ?? {};
        // Asking for work and renewing locks happens all the time and says nothing.
        if (kind !== SpanKind.PRODUCER && kind !== SpanKind.CONSUMER) return silent();
        return reserved(tracer.startSpan(name, { kind }, context));
      },
    },
  };
}

function allowed(attributes: Attributes): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => TOLD.has(name)));
}

function reserved<Context>(span: Span<Context>): Span<Context> {
  return {
    setSpanOnContext: (context) => span.setSpanOnContext(context),
    setAttribute(name, value) {
      if (TOLD.has(name)) span.setAttribute(name, value);
    },
    setAttributes: (attributes) => span.setAttributes(allowed(attributes)),
    addEvent: (name) => span.addEvent(name),
    recordException(exception) {
      const type = exception instanceof Error ? exception.name : 'exception';
      span.addEvent('exception', { 'exception.type': type });
    },
    end: () => span.end(),
  };
}

/** A span that is not made; what happens inside belongs to the span around it. */
function silent<Context>(): Span<Context> {
  const nothing = () => undefined;
  return {
    setSpanOnContext: (context) => context,
    setAttribute: nothing,
    setAttributes: nothing,
    addEvent: nothing,
    recordException: nothing,
    end: nothing,
  };
}

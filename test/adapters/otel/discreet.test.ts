import { SpanKind, type Span, type Telemetry } from 'bullmq';
import { BullMQOtel } from 'bullmq-otel';
import { describe, expect, test } from 'vitest';
import { discreet } from '../../../src/adapters/otel/discreet.ts';

/** Telemetry that writes down what it is told. */
function notebook() {
  const lines: unknown[] = [];
  const span: Span<string> = {
    setSpanOnContext: (context) => `${context}+span`,
    setAttribute: (name, value) => void lines.push([name, value]),
    setAttributes: (attributes) => void lines.push(attributes),
    addEvent: (name, attributes) => void lines.push([name, attributes]),
    recordException: (exception) => void lines.push(exception),
    end: () => void lines.push('end'),
  };
  const telemetry: Telemetry<string> = {
    tracer: { startSpan: (name) => (lines.push(name), span) },
    contextManager: new BullMQOtel().contextManager,
  };
  return { lines, tracer: discreet(telemetry).tracer };
}

describe('spans of jobs', () => {
  test('say which job of which queue it is, and nothing it carries', () => {
    const { lines, tracer } = notebook();
    const span = tracer.startSpan('process control', { kind: SpanKind.CONSUMER }, 'root');
    span.setAttributes({ 'bullmq.queue.name': 'control', 'bullmq.job.options': '{"for":"ada@contoso.com"}' });
    span.setAttribute('bullmq.job.failed.reason', 'ada@contoso.com was refused');
    span.setAttribute('bullmq.job.name', 'start-cycle');
    span.addEvent('job failed', { 'bullmq.job.failed.reason': 'ada@contoso.com was refused' });
    span.recordException(new TypeError('ada@contoso.com has no name'));
    span.end();
    expect(lines).toEqual([
      'process control',
      { 'bullmq.queue.name': 'control' },
      ['bullmq.job.name', 'start-cycle'],
      ['job failed', undefined],
      ['exception', { 'exception.type': 'TypeError' }],
      'end',
    ]);
  });

  test.each([[SpanKind.INTERNAL], [SpanKind.CLIENT], [undefined]])(
    'are not made of what is neither adding nor running a job (kind %s)',
    (kind) => {
      const { lines, tracer } = notebook();
      const span = tracer.startSpan('extendLocks', kind === undefined ? undefined : { kind }, 'root');
      span.setAttribute('bullmq.job.name', 'x');
      span.end();
      expect([lines, span.setSpanOnContext('root')]).toEqual([[], 'root']);
    },
  );
});

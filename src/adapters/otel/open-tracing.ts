import type { Log } from '../../ports/log.ts';
import type { Tracing } from './tracing.ts';

/** Begins to trace where the configuration says to what address; OpenTelemetry is loaded only then. */
export async function openTracing(
  telemetry: { readonly otlp: string } | undefined,
  version: string,
  log: Log,
): Promise<Tracing | undefined> {
  if (telemetry === undefined) return undefined;
  const { startTracing } = await import('./tracing.ts');
  return startTracing({ url: telemetry.otlp, version, log });
}

import { shownOperation } from '../core/without-secrets.ts';
import type { MadePlan } from '../ports/operator.ts';
import type { ReadProgress } from '../ports/directory-source.ts';
import type { Problem } from './problem.ts';

/** Version of the lines: a reader accepts any minor and refuses another major. */
const SCHEMA = '1.0';
/** Operations written at a time: a plan of a million never stands in memory as text. */
const OPERATIONS_PER_CHUNK = 500;

type Outcome<T> = { readonly result: T } | { readonly failure: unknown };

/** The lines of a plan being made: see {@link progressLines}; the last one is `plan`. */
export function planLines(
  start: (progress: ReadProgress) => Promise<MadePlan>,
  describe: (error: unknown) => Problem,
): AsyncGenerator<string, void> {
  return progressLines(start, planLine, describe);
}

/**
 * The lines of something that takes long, as NDJSON: `version`, any number of `progress`, then those of the result, or
 * `error`. Progress that a slow reader did not take in time is replaced by newer progress of the same kind. Never throws:
 * by then the status is sent.
 */
export async function* progressLines<T>(
  start: (progress: ReadProgress) => Promise<T>,
  show: (result: T) => Iterable<string>,
  describe: (error: unknown) => Problem,
): AsyncGenerator<string, void> {
  yield jsonLine({ type: 'version', schema: SCHEMA });
  const waiting = new Map<string, string>();
  const state: { outcome?: Outcome<T>; wake: () => void } = { wake: () => undefined };
  const progress: ReadProgress = (what, done, total) => {
    waiting.set(what, jsonLine({ type: 'progress', what, done, ...(total === undefined ? {} : { total }) }));
    state.wake();
  };
  const settle = (outcome: Outcome<T>): void => {
    state.outcome = outcome;
    state.wake();
  };
  start(progress).then(
    (result) => settle({ result }),
    (failure: unknown) => settle({ failure }),
  );
  while (state.outcome === undefined || waiting.size > 0) {
    if (waiting.size === 0) await new Promise<void>((resolve) => (state.wake = resolve));
    const lines = [...waiting.values()];
    waiting.clear();
    yield* lines;
  }
  if ('failure' in state.outcome) yield jsonLine({ type: 'error', problem: describe(state.outcome.failure) });
  else yield* show(state.outcome.result);
}

/** One line, in pieces. */
function* planLine({ plan, verdict, waiting }: MadePlan): Generator<string, void> {
  const { operations, ...head } = plan;
  const rest = waiting === undefined ? '' : `,"waiting":${JSON.stringify(waiting)}`;
  yield `{"type":"plan","plan":${JSON.stringify(head).slice(0, -1)},"operations":[`;
  for (let from = 0; from < operations.length; from += OPERATIONS_PER_CHUNK) {
    const texts = operations
      .slice(from, from + OPERATIONS_PER_CHUNK)
      .map((operation) => JSON.stringify(shownOperation(operation)));
    yield (from === 0 ? '' : ',') + texts.join(',');
  }
  yield `]},"verdict":${JSON.stringify(verdict)}${rest}}\n`;
}

/** One line of NDJSON. */
export function jsonLine(value: object): string {
  return `${JSON.stringify(value)}\n`;
}

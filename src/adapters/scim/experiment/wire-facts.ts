import { URN } from '../../../core/scim.ts';
import { isArray, readMember } from '../../../core/scim-path.ts';
import { parseObject, type RawAnswer } from '../answer.ts';
import { headerOf } from '../retry-after.ts';
import type { Bench } from './bench.ts';

/** What the answers of an experiment showed beside their meaning. Forms only, never a value from a body. */
export interface Wire {
  readonly witness: (answer: RawAnswer) => void;
  /** The entity tag of the newest answer. */
  etag(): string | undefined;
  /** Tells what was seen. */
  report(bench: Pick<Bench, 'note' | 'untold'>): void;
}

/** A media type without parameters; whatever is no media type is not repeated. */
function mediaTypeOf({ headers }: RawAnswer): string {
  const type = headerOf(headers, 'content-type')?.split(';')[0]?.trim().toLowerCase() ?? '';
  return /^[a-z]+\/[a-z0-9.+-]{1,60}$/.test(type) ? type : 'none';
}

function shapeOfError({ text }: RawAnswer): string {
  const body = parseObject(text);
  if (body === undefined) return text.trim() === '' ? 'without a body' : 'not JSON';
  const schemas = readMember(body, 'schemas');
  if (!isArray(schemas) || !schemas.includes(URN.error)) return 'JSON, but no SCIM error';
  const status = readMember(body, 'status');
  // RFC 7644 section 3.12 makes the status a string.
  return typeof status === 'string' ? 'SCIM error' : 'SCIM error with a number as status';
}

/** Collects the forms of answers. */
export function watchWire(): Wire {
  const types = new Set<string>();
  const errors = new Set<string>();
  const waits = new Set<string>();
  let newestTag: string | undefined;
  return {
    etag: () => newestTag,
    witness(answer) {
      const { status, headers, text } = answer;
      newestTag = headerOf(headers, 'etag');
      if (status >= 200 && status < 300 && text !== '') types.add(mediaTypeOf(answer));
      if (status >= 400) errors.add(shapeOfError(answer));
      if (status === 429 || status === 503) waits.add(waitOf(headerOf(headers, 'retry-after')));
    },
    report({ note, untold }) {
      const listed = (values: ReadonlySet<string>) => [...values].toSorted().join(', ');
      if (types.size > 0) note('wire.contentType', listed(types), 'of successful answers');
      else untold('wire.contentType', 'no successful answer had a body');
      if (errors.size > 0) note('wire.errors', listed(errors), 'of refusals');
      else untold('wire.errors', 'nothing was refused');
      if (waits.size > 0) note('wire.retryAfter', listed(waits), 'seen while it ran');
      else untold('wire.retryAfter', 'the provider never asked to wait');
    },
  };
}

function waitOf(value: string | undefined): string {
  if (value === undefined) return 'none';
  return /^\d+$/.test(value.trim()) ? 'seconds' : 'a date';
}

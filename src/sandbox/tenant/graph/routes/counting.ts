import type { VersionedView } from '../../../organisation/versioned.ts';
import type { GraphAnswer, GraphCall } from '../call.ts';
import { directoryRefusal } from '../refusal.ts';

/** `/$count`: a bare number, from the index, and only for those who accept that the index is behind. */
export function countAnswer(call: GraphCall, count: () => number): GraphAnswer {
  if (!call.eventual) throw directoryRefusal('$count is not currently supported.');
  return { status: 200, body: String(count()) };
}

/** How many values the index sees that pass. */
export function countOf<V>(call: GraphCall, view: VersionedView<V>, keep?: (value: V) => boolean): number {
  if (keep === undefined) return view.size(call.indexAt);
  let count = 0;
  for (const value of view.values(call.indexAt)) if (keep(value)) count += 1;
  return count;
}

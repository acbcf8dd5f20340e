import { nearestName } from './mapping/nearest-name.ts';

/** Case and separators are what people get wrong most: `nested_groups` means `nestedGroups`. */
function plain(word: string): string {
  return word.toLowerCase().replaceAll(/[-_]/g, '');
}

/** ` (did you mean "x"?)`, or nothing when no known word is near. */
export function didYouMean(word: string, known: readonly string[]): string {
  const byPlain = new Map(known.map((candidate) => [plain(candidate), candidate]));
  const found = nearestName(plain(word), byPlain.keys());
  return found === undefined ? '' : ` (did you mean "${byPlain.get(found) ?? found}"?)`;
}

const BEYOND_BMP = /[\uD800-\uDFFF]/;

/** Part of a text by characters from 0, never cutting a character outside the basic plane in two. */
export function characters(text: string, start: number, end: number): string {
  if (!BEYOND_BMP.test(text)) return text.slice(start, end);
  return Array.from(text).slice(start, end).join('');
}

/**
 * Letters that carry a stroke or join two letters and therefore have no canonical decomposition, with the replacements
 * of Microsoft's table (Learn: functions-for-customizing-application-data, NormalizeDiacritics).
 */
const UNDECOMPOSED: Readonly<Record<string, string>> = {
  æ: 'ae',
  Æ: 'AE',
  œ: 'oe',
  Œ: 'OE',
  ø: 'oe',
  Ø: 'OE',
  ß: 'ss',
  ł: 'l',
  Ł: 'L',
  ı: 'i',
};

/**
 * Text without accents, letter by letter. Only marks on Latin letters go: a Cyrillic й or a Japanese が is a letter of
 * its own that merely is encoded with a mark.
 */
export function withoutDiacritics(text: string): string {
  if (!/[\u0080-\uFFFF]/.test(text)) return text;
  return text
    .normalize('NFD')
    .replace(/(\p{Script=Latin})\p{M}+/gu, '$1')
    .replace(/[æÆœŒøØßłŁı]/g, (letter) => UNDECOMPOSED[letter] ?? letter)
    .normalize('NFC');
}

/** Changes case letter by letter as .NET does: a letter whose other case is several letters stays (ß is not SS). */
export function changeCase(text: string, convert: (text: string) => string): string {
  const changed = convert(text);
  if (changed.length === text.length) return changed;
  return Array.from(text)
    .map((letter) => {
      const other = convert(letter);
      return Array.from(other).length === 1 ? other : letter;
    })
    .join('');
}

/** The words of a text: what stands between any of the delimiter characters. */
export function wordsOf(text: string, delimiters: string): readonly string[] {
  const apart = new Set(delimiters);
  const words: string[] = [];
  let word = '';
  for (const letter of text) {
    if (!apart.has(letter)) word += letter;
    else if (word !== '') {
      words.push(word);
      word = '';
    }
  }
  return word === '' ? words : [...words, word];
}

/** First letter of each word upper case, the others lower case. Words end at the separators, or at anything that is no letter, digit or mark. */
export function properCase(text: string, separators: string | undefined): string {
  const apart = separators === undefined ? undefined : new Set(separators);
  const separates = (letter: string) => (apart === undefined ? !/[\p{L}\p{N}\p{M}]/u.test(letter) : apart.has(letter));
  let atStart = true;
  let result = '';
  for (const letter of text.toLowerCase()) {
    result += atStart ? changeCase(letter, (each) => each.toUpperCase()) : letter;
    atStart = separates(letter);
  }
  return result;
}

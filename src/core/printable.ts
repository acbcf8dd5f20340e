/** Control and bidirectional formatting characters, with which a name could move the cursor or hide what it says. */
const UNPRINTABLE = /[\p{Cc}\p{Bidi_Control}]/gu;

/** Text from the directory or a provider, made safe for a terminal or a page. */
export function printable(text: string): string {
  return text.replaceAll(UNPRINTABLE, '\u{fffd}');
}

/** A name as a shell takes it for one word, in a command that people are to copy. */
export function shellWord(name: string): string {
  return /^[\w.@-]+$/.test(name) ? name : `'${printable(name).replaceAll("'", "'\\''")}'`;
}

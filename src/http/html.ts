import { printable } from '../core/printable.ts';

/** Text that is safe inside an element or a quoted attribute of an HTML page. */
export type Html = { readonly html: string };

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Template tag: every value is made printable and escaped unless it is Html itself; lists are joined. */
export function html(
  texts: TemplateStringsArray,
  ...values: readonly (string | number | Html | readonly Html[])[]
): Html {
  const parts = texts.map((text, index) => {
    const value = values[index];
    return value === undefined ? text : text + markupOf(value);
  });
  return { html: parts.join('') };
}

function markupOf(value: string | number | Html | readonly Html[]): string {
  if (typeof value === 'string')
    return printable(value).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
  if (typeof value === 'number') return String(value);
  return 'html' in value ? value.html : value.map((part) => part.html).join('');
}

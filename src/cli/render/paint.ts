import { styleText } from 'node:util';
import type { Output } from '../io.ts';

/** Colours by meaning. Each gives plain text back where the stream is no terminal, or NO_COLOR or --no-color is set. */
export interface Paint {
  good(text: string): string;
  bad(text: string): string;
  warn(text: string): string;
  strong(text: string): string;
  dim(text: string): string;
}

type Style = Parameters<typeof styleText>[0];

/** Paint for one stream; `allowed` is false under --no-color. */
export function createPaint(stream: Output, allowed: boolean): Paint {
  const paint = (style: Style) => (text: string) => (allowed ? styleText(style, text, { stream }) : text);
  return {
    good: paint('green'),
    bad: paint('red'),
    warn: paint('yellow'),
    strong: paint('bold'),
    dim: paint('dim'),
  };
}

import { badRequest, unknownSegment } from './refusal.ts';
import type { Route } from './call.ts';

interface Segment {
  readonly name: string;
  /** `appId` for `(appId='…')`. */
  readonly alternate?: string;
}

function decodeSegment(raw: string): string {
  try {
    return decodeURIComponent(raw);
  } catch {
    throw badRequest('The request URI is not valid: it holds a malformed percent-encoding.');
  }
}

/** `users('ada')` and `servicePrincipals(appId='…')` are the segment and its key; a quote in a key is doubled. */
const WITH_KEY = /^(\w+)\((?:(\w+)=)?'((?:[^']|'')*)'\)$/;

/** The segments of a Graph path with keys taken apart and `graph.` casts written in full. */
export function parsePath(path: string): Segment[] {
  const segments = path.split('/').slice(1);
  if (segments.at(-1) === '' && segments.length > 1) segments.pop();
  return segments.map(decodeSegment).flatMap((segment): Segment[] => {
    const match = WITH_KEY.exec(segment);
    if (match === null) return [{ name: segment.startsWith('graph.') ? `microsoft.${segment}` : segment }];
    const [, name = '', alternate, key = ''] = match;
    const value = key.replaceAll("''", "'");
    return [{ name }, alternate === undefined ? { name: value } : { name: value, alternate }];
  });
}

interface Pattern {
  readonly route: Route;
  readonly segments: readonly string[];
}

export interface Matched {
  /** Routes of every method at this path. */
  readonly routes: readonly Route[];
  readonly keys: Readonly<Record<string, string>>;
}

function parameter(segment: string): string | undefined {
  return segment.startsWith('{') ? segment.slice(1, -1) : undefined;
}

/** How many segments fit, counted from the front; all of them when the pattern matches. */
function fitting(pattern: Pattern, segments: readonly Segment[]): number {
  const index = pattern.segments.findIndex((expected, position) => {
    const actual = segments[position];
    if (actual === undefined) return true;
    if (parameter(expected) === undefined) return expected !== actual.name || actual.alternate !== undefined;
    const alternateAllowed = expected === '{servicePrincipal}' && actual.alternate === 'appId';
    return actual.name === '' || (actual.alternate !== undefined && !alternateAllowed);
  });
  return index === -1 ? pattern.segments.length : index;
}

function keysOf(pattern: Pattern, segments: readonly Segment[]): Record<string, string> {
  const keys: Record<string, string> = {};
  pattern.segments.forEach((expected, position) => {
    const name = parameter(expected);
    const segment = segments[position];
    if (name === undefined || segment === undefined) return;
    keys[segment.alternate === undefined ? name : `${name}.${segment.alternate}`] = segment.name;
  });
  return keys;
}

/** Finds routes by path. Literal segments win over parameters, so `users/$count` is not a user named "$count". */
export function createRouter(routes: readonly Route[]): (path: string) => Matched {
  const patterns = routes
    .map((route): Pattern => ({ route, segments: route.path.split('/') }))
    .sort((a, b) => Number(a.route.path.includes('{')) - Number(b.route.path.includes('{')));

  return (path) => {
    const segments = parsePath(path);
    const matching = patterns.filter(
      (pattern) => pattern.segments.length === segments.length && fitting(pattern, segments) === segments.length,
    );
    const best = mostLiteral(matching);
    if (best === undefined) {
      const reached = Math.max(...patterns.map((pattern) => fitting(pattern, segments)));
      throw unknownSegment(segments[Math.min(reached, segments.length - 1)]?.name ?? '');
    }
    return {
      routes: matching.filter((pattern) => pattern.route.path === best.route.path).map((pattern) => pattern.route),
      keys: keysOf(best, segments),
    };
  };
}

function mostLiteral(patterns: readonly Pattern[]): Pattern | undefined {
  const parameters = (pattern: Pattern): number => pattern.segments.filter((segment) => segment.startsWith('{')).length;
  return patterns.toSorted((a, b) => parameters(a) - parameters(b))[0];
}

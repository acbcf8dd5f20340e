import { CronExpressionParser } from 'cron-parser';
import { z } from 'zod';
import { startOfDay } from '../core/day.ts';
import { GUID } from '../core/directory.ts';
import { didYouMean } from '../core/did-you-mean.ts';

/** A mapping of settings that refuses unknown keys, naming for each the known one that was probably meant. */
export function settings<Shape extends z.ZodRawShape>(shape: Shape): z.ZodObject<Shape, z.core.$strict> {
  const known = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) =>
      // One line per key: `problems.ts` makes one problem of each.
      issue.code === 'unrecognized_keys'
        ? issue.keys
            .map((key) => `unknown key "${key}"${didYouMean(key, known) || `; known here: ${known.join(', ')}`}`)
            .join('\n')
        : undefined,
  });
}

/** Text that may not be empty. */
export function text(): z.ZodString {
  return z.string().min(1, 'must not be empty');
}

function fromText(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  if (/^-?\d+(\.\d+)?$/.test(value)) return Number(value);
  return value;
}

/** A whole number, possibly substituted from the environment and so still text. */
export function wholeNumber(min: number, max: number): z.ZodPreprocess<z.ZodInt> {
  return z.preprocess(fromText, z.int().min(min).max(max));
}

/** A number that may have a fraction. */
export function someNumber(min: number, max: number): z.ZodPreprocess<z.ZodNumber> {
  return z.preprocess(fromText, z.number().min(min).max(max));
}

/** true or false, possibly substituted from the environment. */
export function yesNo(): z.ZodPreprocess<z.ZodBoolean> {
  return z.preprocess((value) => (value === 'true' ? true : value === 'false' ? false : value), z.boolean());
}

/** An object, application or tenant id, in the small letters the directory writes them in: ids are compared with each other. */
export function guid(): z.ZodString {
  return text().regex(GUID, 'must be an id such as 11111111-2222-3333-4444-555555555555').toLowerCase();
}

/** A tenant: its id or one of its domain names, in small letters as an id is. */
export function tenant(): z.ZodString {
  return text()
    .refine(
      (value) => GUID.test(value) || /^[a-z0-9-]+(\.[a-z0-9-]+)+$/i.test(value),
      'must be the tenant id, or a domain of the tenant such as contoso.onmicrosoft.com',
    )
    .toLowerCase();
}

/** Who a credential belongs to: a person, or no person at all. */
export function owner(): z.ZodString {
  return text().refine(
    (value) => value === 'service-account' || GUID.test(value) || /^[^\s@]+@[^\s@]+$/.test(value),
    'must be a userPrincipalName such as ada@contoso.com, an object id, or service-account',
  );
}

/** A calendar day in UTC. */
export function day(): z.ZodString {
  return checked((value) => (startOfDay(value) === undefined ? 'must be a date such as 2027-03-31' : undefined));
}

/** A person: userPrincipalName or object id. */
export function person(): z.ZodString {
  return text().refine(
    (value) => GUID.test(value) || /^[^\s@]+@[^\s@]+$/.test(value),
    'must be a userPrincipalName such as ada@contoso.com, or an object id',
  );
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/;

/** Whether a host name or address stays on this machine (RFC 1122 section 3.2.1.3, RFC 4291 section 2.5.3). */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host);
}

/** What is wrong with an address that tokens are sent to; undefined when nothing is. Never repeats the address. */
export function webAddressProblem(value: string): string | undefined {
  if (!URL.canParse(value)) return 'must be an address such as https://example.com/scim/v2';
  const url = new URL(value);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return `must begin with https://, not ${url.protocol}//`;
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    return `plain http would send the credential in clear text to ${url.hostname}; use https (http is for loopback only)`;
  }
  if (url.username !== '' || url.password !== '') return 'must not contain a user name or password';
  if (url.search !== '' || url.hash !== '') return 'must not contain a query string or fragment';
  return undefined;
}

/** An https address, or plain http on loopback. */
export function webAddress(): z.ZodString {
  return checked(webAddressProblem);
}

/** An address notifications are posted to: unlike a SCIM endpoint it may have a query string. */
export function webhookAddress(): z.ZodString {
  return checked((value) =>
    URL.canParse(value) ? webAddressProblem(value.replace(/[?#].*$/, '')) : webAddressProblem(value),
  );
}

/** A mail address, with or without a name before it. */
export function mailAddress(): z.ZodString {
  return text().regex(/^([^<>@]*<[^\s<>@]+@[^\s<>@]+>|[^\s<>@]+@[^\s<>@]+)$/, 'must be a mail address');
}

/** Text with a check that says in words what is wrong. */
export function checked(problemOf: (value: string) => string | undefined): z.ZodString {
  return text().superRefine((value, context) => {
    const message = problemOf(value);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  });
}

/** What is wrong with a cron pattern; undefined when nothing is. */
export function cronProblem(pattern: string): string | undefined {
  const fields = pattern.trim().split(/\s+/).length;
  if (fields !== 5) return `a cron pattern has five fields (minute hour day month weekday), found ${fields}`;
  try {
    CronExpressionParser.parse(pattern).next();
    return undefined;
  } catch (error) {
    return `not a cron pattern: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** What is wrong with a time zone name; undefined when nothing is. */
export function timezoneProblem(name: string): string | undefined {
  try {
    Intl.DateTimeFormat('en', { timeZone: name });
    return undefined;
  } catch {
    return `"${name}" is not a time zone this system knows; use an IANA name such as Europe/Berlin`;
  }
}

/** What is wrong with a store's or queue's address; undefined when nothing is. Never repeats it: it may hold a password. */
export function storeProblem(schemes: readonly string[], example: string): (value: string) => string | undefined {
  return (value) => {
    const scheme = /^([a-z]+):/i.exec(value)?.[1]?.toLowerCase();
    if (scheme === undefined || !schemes.includes(scheme)) {
      return `must begin with ${schemes.map((known) => `${known}:`).join(' or ')} (for example ${example})`;
    }
    return scheme === 'file' || URL.canParse(value) ? undefined : `is not a valid ${scheme}: address`;
  };
}

const DELAY_UNITS: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};
const DELAY = /^(\d{1,6})([smhdw])$/;
/** A longer delay is a slip of the keyboard: nobody waits ten years with a leaver. */
const LONGEST_DELAY_MS = 3653 * 86_400_000;

/** `7d`, `36h`, `30m` in ms. Only for text that `delayProblem` accepts. */
export function delayMs(text: string): number {
  const [, count = '0', unit = 's'] = DELAY.exec(text.trim()) ?? [];
  return Number(count) * (DELAY_UNITS[unit] ?? 0);
}

/** What is wrong with a length of time; undefined when nothing is. */
export function delayProblem(text: string): string | undefined {
  if (!DELAY.test(text.trim())) return 'must be a whole number and s, m, h, d or w, such as 7d or 36h';
  return delayMs(text) > LONGEST_DELAY_MS ? 'must be at most ten years' : undefined;
}

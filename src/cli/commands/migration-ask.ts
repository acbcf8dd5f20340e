import { CONNECTION_ARGUMENT } from '../connection-option.ts';
import { Option, type Command } from 'commander';
import { CONSENTS, MIGRATION_KINDS, type Consent, type MigrationKind } from '../../core/migration/migration.ts';
import { shellWord } from '../../core/printable.ts';
import type { MigrationAsk } from '../../ports/migration-operator.ts';
import { UsageError } from '../io.ts';
import type { Session } from '../session.ts';

const HOUR_MS = 3_600_000;
const APPROVAL_HOURS = '24';

/** Options of every command that says which migration is meant. */
export interface AskOptions {
  readonly kind: MigrationKind;
  readonly groups?: readonly string[];
  readonly accept?: readonly Consent[];
  readonly twoPeople?: boolean;
  readonly approvalHours: string;
}

/** Adds the options that say which migration is meant. */
export function withAsk(command: Command): Command {
  return command
    .argument(...CONNECTION_ARGUMENT)
    .addOption(new Option('--kind <kind>', 'what to do').choices(MIGRATION_KINDS).makeOptionMandatory())
    .option('--groups <group...>', 'directory groups by name or object id; disable-scim takes all without it')
    .addOption(new Option('--accept <finding...>', 'go on in spite of these findings').choices(CONSENTS))
    .option('--two-people', 'whoever starts it may not approve it (by the names given; one API token serves all)')
    .option('--approval-hours <hours>', 'how long an approval is good for', APPROVAL_HOURS);
}

/** What was asked for. UsageError when an option makes no sense. */
export function askOf(session: Session, options: AskOptions, name: string | undefined): MigrationAsk {
  const hours = Number(options.approvalHours);
  if (!(hours > 0)) throw new UsageError(`--approval-hours must be a number above 0, found "${options.approvalHours}"`);
  return {
    connection: session.connectionName(name),
    kind: options.kind,
    groups: options.groups ?? [],
    options: { accept: options.accept ?? [], twoPeople: options.twoPeople === true, approvalMs: hours * HOUR_MS },
  };
}

/** What was asked for, as it is typed to ask the same of the next command. */
export function askWords({
  connection,
  kind,
  groups,
  options: { accept, twoPeople, approvalMs },
}: MigrationAsk): string {
  const hours = String(approvalMs / HOUR_MS);
  return [
    connection,
    `--kind ${kind}`,
    ...(groups.length === 0 ? [] : ['--groups', ...groups.map(shellWord)]),
    ...(accept.length === 0 ? [] : ['--accept', ...accept]),
    ...(twoPeople ? ['--two-people'] : []),
    ...(hours === APPROVAL_HOURS ? [] : [`--approval-hours ${hours}`]),
  ].join(' ');
}

import { InvalidArgumentError, type Command } from 'commander';
import type { Credential } from '../../core/credential.ts';
import { provesCredential } from '../../core/rotation.ts';
import { whichCredential } from '../../core/which-credential.ts';
import { CONNECTION_OPTION } from '../connection-option.ts';
import { EXIT } from '../exit-codes.ts';
import type { ExitCode } from '../exit-codes.ts';
import type { OperatorClient } from '../operator-client.ts';
import { handedSecret, type SecretOptions } from '../handed-secret.ts';
import { ownerText, renderCredential, renderCredentials, renderRotation } from '../render/credential.ts';
import { onRun } from '../session.ts';
import type { Session, Shell } from '../session.ts';
import { waitForCycle } from '../wait.ts';

interface ConnectionOption {
  readonly connection?: string;
}
type AddOptions = ConnectionOption & SecretOptions;
interface RotateOptions extends AddOptions {
  readonly ask?: boolean;
  readonly pause?: boolean;
  readonly installedInEntra?: boolean;
  readonly wait?: boolean;
}
interface EndOptions extends ConnectionOption {
  readonly deletedAtProvider?: boolean;
}

const FINGERPRINT = [
  '<fingerprint>',
  'fingerprint (or its beginning) or id, as "headgate token list" shows it',
  parseReference,
] as const;

const ITS_CONNECTION = ['-c, --connection <name>', 'its connection, where several have the same token'] as const;

/** What may be the beginning of a fingerprint, or an id. Throws commander's InvalidArgumentError, a usage error. */
function parseReference(text: string): string {
  if (/^[0-9a-f-]{4,36}$/.test(text)) return text;
  throw new InvalidArgumentError('Copy at least its first 4 digits (0-9, a-f) from: headgate token list');
}

/** `headgate token`: the credentials of connections, from one generated at the provider to one that is known to be dead. */
export function registerToken(program: Command, shell: Shell): void {
  const token = program
    .command('token')
    .description('look at and rotate the tokens of connections; none is ever shown');
  onRun<ConnectionOption>(
    shell,
    token
      .command('list')
      .description('list tokens by fingerprint, with state, owner and expiry')
      .option('-c, --connection <name>', 'only this connection'),
    runList,
  );
  onRun<ConnectionOption>(
    shell,
    token
      .command('show')
      .description('show one token with its history')
      .argument(...FINGERPRINT)
      .option(...ITS_CONNECTION),
    runShow,
  );
  onRun<AddOptions>(
    shell,
    secretOptions(token.command('add').description('hand over a new token as a candidate; it is not used yet')),
    runAdd,
  );
  onRun<ConnectionOption>(
    shell,
    token
      .command('probe')
      .description('try a token at the provider without using it')
      .argument(...FINGERPRINT)
      .option(...ITS_CONNECTION),
    runProbe,
  );
  onRun<ConnectionOption>(
    shell,
    token
      .command('promote')
      .description('probe a token and put it to use; the one before it is retiring')
      .argument(...FINGERPRINT)
      .option(...ITS_CONNECTION),
    runPromote,
  );
  registerEnds(token, shell);
  onRun<RotateOptions>(
    shell,
    secretOptions(token.command('rotate').description('go on with replacing the token, step by step; safe to repeat'))
      .option('--ask', 'ask for the new token, or take it from standard input')
      .option(
        '--pause',
        'pause the connection and give up an open cycle, until the new token is in use or "headgate connection resume" (for providers with one token at a time)',
      )
      .option('--installed-in-entra', "say that Entra's own job has the new token (connections with engine: entra)")
      .option('--wait', 'wait for the full cycle that proves the new token, and go on after it'),
    runRotate,
  );
  onRun<ConnectionOption>(
    shell,
    token
      .command('owner')
      .description('say whose a token is, so that this user is not deactivated while it is in use')
      .argument(...FINGERPRINT)
      .argument('<owner>', 'userPrincipalName, object id or service-account')
      .option(...ITS_CONNECTION),
    runOwner,
  );
}

function secretOptions(command: Command): Command {
  return command
    .option(...CONNECTION_OPTION)
    .option('--token-file <file>', 'read the token from a file; without it from standard input or a prompt')
    .option('--reference <file>', 'leave the token in this file and read it there whenever it is used')
    .option('--owner <user>', 'who generated it: userPrincipalName, object id or service-account')
    .option('--expires <date>', 'its last day, such as 2027-03-31');
}

function registerEnds(token: Command, shell: Shell): void {
  const ends = {
    retire: 'end a token that was replaced, once the provider refuses it',
    revoke: 'end a token at once; the connection is paused when it was in use',
  } as const;
  for (const verb of ['retire', 'revoke'] as const) {
    onRun<EndOptions>(
      shell,
      token
        .command(verb)
        .description(ends[verb])
        .argument(...FINGERPRINT)
        .option(...ITS_CONNECTION)
        .option('--deleted-at-provider', 'say that it was deleted there, where Headgate no longer has it to try'),
      async (session, options, [reference = '']) => {
        const { operator } = await session.connect();
        const how = { by: session.requestedBy(), deleted: options.deletedAtProvider === true };
        const ended = await operator.credentials[verb](
          await referenceIn(operator, reference, options),
          how,
          session.io.interrupts(),
        );
        return shown(session, ended, `${ended.fingerprint} of ${ended.connection} is ${ended.state}.`);
      },
    );
  }
}

/** The reference as it was given, or the id of the one it names in a connection: the same token may be in use in several. */
async function referenceIn(
  { credentials }: Pick<OperatorClient, 'credentials'>,
  reference: string,
  { connection }: ConnectionOption,
): Promise<string> {
  if (connection === undefined) return reference;
  // Not only of those that are configured: a token stays known when its connection goes.
  return whichCredential(await credentials.list(), reference, connection).id;
}

/** Under --json the credential as it is now; else one sentence. */
function shown(session: Session, credential: Credential, sentence: string): ExitCode {
  if (session.json) session.out(JSON.stringify(credential, undefined, 2));
  session.say(sentence);
  return EXIT.done;
}

async function runList(session: Session, { connection }: ConnectionOption): Promise<ExitCode> {
  const name = connection === undefined ? undefined : session.connectionName(connection);
  const { operator } = await session.connect();
  const credentials = await operator.credentials.list(name);
  session.out(
    session.json
      ? JSON.stringify(credentials, undefined, 2)
      : renderCredentials(credentials, session.io.now(), session.paint),
  );
  return EXIT.done;
}

async function runShow(
  session: Session,
  options: ConnectionOption,
  [reference = '']: readonly string[],
): Promise<ExitCode> {
  const { operator } = await session.connect();
  const found = await operator.credentials.show(await referenceIn(operator, reference, options));
  session.out(
    session.json
      ? JSON.stringify(found, undefined, 2)
      : renderCredential(found.credential, found.history, session.io.now(), session.paint),
  );
  return EXIT.done;
}

async function runAdd(session: Session, options: AddOptions): Promise<ExitCode> {
  const connection = session.connectionName(options.connection);
  const added = await handedSecret(session, options);
  const { operator } = await session.connect();
  const request = { connection, by: session.requestedBy(), ...added };
  const credential = await operator.credentials.add(request, session.io.interrupts());
  const { fingerprint, state } = credential;
  return shown(
    session,
    credential,
    state === 'candidate'
      ? `Candidate ${fingerprint} of ${connection}. Put it to use with: headgate token promote ${fingerprint} -c ${connection}`
      : `${fingerprint} of ${connection} is here again; it is ${state}.`,
  );
}

const OUTCOMES = {
  accepted: 'is accepted, and a corrupted copy is refused',
  refused: 'is refused (401)',
  forbidden: 'is accepted without the rights it needs (403)',
  unguarded: 'is accepted, and so is a corrupted copy: the endpoint does not check credentials',
} as const;

async function runProbe(
  session: Session,
  options: ConnectionOption,
  [reference = '']: readonly string[],
): Promise<ExitCode> {
  const { operator } = await session.connect();
  const { credential, outcome } = await operator.credentials.probe(
    await referenceIn(operator, reference, options),
    session.requestedBy(),
    session.io.interrupts(),
  );
  if (session.json) session.out(JSON.stringify({ credential, outcome }, undefined, 2));
  session.say(`${credential.fingerprint} of ${credential.connection} ${OUTCOMES[outcome]}.`);
  return outcome === 'accepted' ? EXIT.done : EXIT.refused;
}

async function runPromote(
  session: Session,
  options: ConnectionOption,
  [reference = '']: readonly string[],
): Promise<ExitCode> {
  const { operator } = await session.connect();
  const named = await referenceIn(operator, reference, options);
  const promoted = await operator.credentials.promote(named, session.requestedBy(), session.io.interrupts());
  const { fingerprint, connection } = promoted;
  return shown(
    session,
    promoted,
    `${fingerprint} of ${connection} is in use. Go on with: headgate token rotate -c ${connection}`,
  );
}

async function runOwner(
  session: Session,
  options: ConnectionOption,
  [reference = '', owner = '']: readonly string[],
): Promise<ExitCode> {
  const { operator } = await session.connect();
  const which = await referenceIn(operator, reference, options);
  const named = await operator.credentials.setOwner(which, owner, session.requestedBy(), session.io.interrupts());
  return shown(session, named, `${named.fingerprint} of ${named.connection} belongs to ${ownerText(named)}.`);
}

async function runRotate(session: Session, options: RotateOptions): Promise<ExitCode> {
  const connection = session.connectionName(options.connection);
  const handed = options.ask === true || options.tokenFile !== undefined || options.reference !== undefined;
  const added = handed ? await handedSecret(session, options) : undefined;
  const opened = await session.connect({ work: options.wait === true });
  const by = session.requestedBy();
  const signal = session.io.interrupts();
  let rotation = await opened.operator.credentials.rotate(
    {
      connection,
      by,
      ...(options.pause === true ? { pause: true } : {}),
      ...(options.installedInEntra === true ? { installed: true } : {}),
      ...(added === undefined ? {} : { added }),
    },
    signal,
  );
  while (rotation.waitsFor === 'cycle' && rotation.cycle !== undefined && options.wait === true) {
    session.say(renderRotation(rotation, session.paint));
    const ended = await waitForCycle(session, opened, await opened.operator.getCycle(rotation.cycle), {});
    // One that was refused or failed proves nothing, and beginning another would not change that.
    if (!provesCredential((await opened.operator.getCycle(rotation.cycle)).result)) return ended;
    rotation = await opened.operator.credentials.rotate({ connection, by }, signal);
  }
  session.out(session.json ? JSON.stringify(rotation, undefined, 2) : renderRotation(rotation, session.paint));
  // Whatever it waits for, somebody has to come back to it: a script must not take it for replaced.
  return rotation.waitsFor === 'nothing' ? EXIT.done : EXIT.refused;
}

import type { Command } from 'commander';
import { printable } from '../../core/printable.ts';
import { EXIT } from '../exit-codes.ts';
import type { ExitCode } from '../exit-codes.ts';
import { renderExplanation } from '../render/explain.ts';
import { onRun } from '../session.ts';
import type { Session, Shell } from '../session.ts';
import type { Explanation } from '../../ports/operator.ts';

interface Options {
  readonly connection?: string;
}

/** `headgate explain`: why somebody has or lacks access, through one connection or all. */
export function registerExplain(program: Command, shell: Shell): void {
  const command = program
    .command('explain')
    .description('say why a user has or lacks access: paths, mapping, account, last operations')
    .argument('<user>', 'userPrincipalName or object id')
    .option('-c, --connection <name>', 'only this connection');
  onRun<Options>(shell, command, runExplain);
}

async function runExplain(session: Session, options: Options, [user = '']: readonly string[]): Promise<ExitCode> {
  const names =
    options.connection === undefined ? session.connectionNames() : [session.connectionName(options.connection)];
  const { operator } = await session.connect();
  const stop = session.io.interrupts();
  const explanations: Explanation[] = [];
  for (const name of names) explanations.push(await operator.explain(name, user, stop));
  session.out(
    session.json
      ? JSON.stringify(explanations, undefined, 2)
      : explanations.map((explanation) => renderExplanation(explanation, session.paint)).join('\n\n'),
  );
  if (explanations.some(({ found }) => found)) return EXIT.done;
  session.say(`"${printable(user)}" was not found. Give the userPrincipalName as it is today, or the object id.`);
  return EXIT.failed;
}

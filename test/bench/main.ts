import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { postgresAvailable, redisAvailable } from '../services.ts';
import { benchCycles, type Platform } from './cycle-bench.ts';
import type { PlanningFigures } from './planning.ts';
import { built, startProgram } from './process.ts';
import { printCycles, printPlanning } from './report.ts';

/*
 * `npm run bench`. Everything runs on loopback in processes that end with it; nothing is asserted.
 *   --users 20000  --groups 400  --plan-users 200000  --memberships 5 (each)
 *   --only cycles|planning  --platform redis|embedded  --node FLAG (for the daemon, repeatable; with its dashes: --node=--cpu-prof)
 */

const { values } = parseArgs({
  options: {
    users: { type: 'string', default: '20000' },
    groups: { type: 'string', default: '400' },
    'plan-users': { type: 'string', default: '200000' },
    memberships: { type: 'string', default: '5' },
    only: { type: 'string' },
    platform: { type: 'string' },
    node: { type: 'string', multiple: true, default: [] },
  },
});

function platforms(): readonly Platform[] {
  const known = (['redis', 'embedded'] as const).filter(
    (each) => values.platform === undefined || values.platform === each,
  );
  // Both say on standard error what is missing.
  const servers = redisAvailable() && postgresAvailable();
  return known.filter((each) => each === 'embedded' || servers);
}

async function cycles(): Promise<void> {
  const tenant = await startProgram([built('./tenant-main.js'), values.users, values.groups]);
  for (const platform of platforms()) {
    printCycles(await benchCycles({ platform, tenant, nodeArguments: values.node }));
  }
  await tenant.stop();
}

async function planning(): Promise<void> {
  const flags = ['--expose-gc', '--max-old-space-size=8192'];
  const program = await startProgram([...flags, built('./planning-main.js'), values['plan-users'], values.memberships]);
  const figures: PlanningFigures = JSON.parse(program.said);
  printPlanning(figures);
  await program.stop();
}

process.stdout.write(`node ${process.version}, ${availableParallelism()} processors\n`);
if (values.only !== 'planning') await cycles();
if (values.only !== 'cycles') await planning();

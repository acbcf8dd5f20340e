import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { postgresAvailable, redisAvailable } from '../services.ts';
import type { Platform } from './bench-world.ts';
import { benchCycles } from './cycle-bench.ts';
import { benchIncremental } from './incremental-bench.ts';
import type { PlanningFigures } from './planning.ts';
import { built, startProgram } from './process.ts';
import { printCycles, printIncremental, printPlanning } from './report.ts';

/*
 * `npm run bench`. Everything runs on loopback in processes that end with it; nothing is asserted.
 *   --users 20000  --groups 400  --answer-ms 5 (of the provider of one more cycle; 0 leaves it out)  --plan-users 200000  --memberships 5 (each)
 *   --incremental-users 100000  --only cycles|incremental|planning  --platform redis|embedded  --node FLAG (for the daemon, repeatable; with its dashes: --node=--cpu-prof)
 */

const { values } = parseArgs({
  options: {
    users: { type: 'string', default: '20000' },
    groups: { type: 'string', default: '400' },
    'answer-ms': { type: 'string', default: '5' },
    'plan-users': { type: 'string', default: '200000' },
    'incremental-users': { type: 'string', default: '100000' },
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
  const run = async (platform: Platform, answerMs: number) =>
    printCycles(await benchCycles({ platform, tenant, answerMs, nodeArguments: values.node }));
  for (const platform of platforms()) await run(platform, 0);
  const [first] = platforms();
  const answerMs = Number(values['answer-ms']);
  if (first !== undefined && answerMs > 0) await run(first, answerMs);
  await tenant.stop();
}

/** On one platform only: what is told apart is an incremental cycle from a full one, not Redis from the embedded queue. */
async function incremental(): Promise<void> {
  const [platform] = platforms();
  if (platform === undefined) return;
  const tenant = await startProgram([built('./tenant-main.js'), values['incremental-users'], values.groups]);
  printIncremental(await benchIncremental(platform, tenant, values.node));
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
const wanted = (part: string) => values.only === undefined || values.only === part;
if (wanted('cycles')) await cycles();
if (wanted('incremental')) await incremental();
if (wanted('planning')) await planning();

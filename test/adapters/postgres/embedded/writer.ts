import { openDatabase } from '../../../../src/adapters/postgres/database.ts';
import { createStores } from '../../../../src/adapters/postgres/stores.ts';
import { silentLog } from '../../../silent-log.ts';

/** Opens the directory given, then writes row after row and says the number of each once it is acknowledged. */
const [directory = ''] = process.argv.slice(2);
const database = await openDatabase({ url: `file:${directory}`, log: silentLog });
const stores = createStores({ database, clock: { now: () => 1 } });
for (let row = 0; ; row++) {
  await stores.connections.throttle(`row-${row}`, row + 1);
  process.stdout.write(`${row}\n`);
}

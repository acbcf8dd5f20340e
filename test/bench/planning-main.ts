import { benchPlanning } from './planning.ts';

/* Planning in a process of its own, so that its memory is its own: `planning-main.js USERS MEMBERSHIPS_EACH`. */

const [users = 0, each = 0] = process.argv.slice(2).map(Number);
process.stdout.write(`${JSON.stringify(benchPlanning(users, each))}\n`);

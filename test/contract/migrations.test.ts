import { describeMigrations } from './migrations.contract.ts';
import { STORES } from './open-stores.ts';

for (const [name, open] of STORES) describeMigrations(name, open);

import type { ColumnType } from 'kysely';

/** int8 arrives as text; numbers are written and compared with. */
export type Int8 = ColumnType<string | number, number, number>;
export type NullableInt8 = ColumnType<string | number | null, number | null | undefined, number | null>;
/**
 * json is parsed on reading and written as text. What is read is what this program wrote under the same migrations, so
 * its type is taken as known.
 */
export type Json<T> = ColumnType<T | null, string | null | undefined, string | null>;

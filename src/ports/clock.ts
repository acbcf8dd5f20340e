/** Time as a dependency. Milliseconds since the epoch. */
export interface Clock {
  now(): number;
}

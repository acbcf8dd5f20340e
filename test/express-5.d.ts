/** Express 5 beside Express 4; what the tests use of it has the same types. */
declare module 'express-5' {
  export { default } from 'express';
}

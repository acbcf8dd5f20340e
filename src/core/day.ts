/** When a calendar day such as 2027-03-31 begins in UTC, in ms since the epoch; undefined for a day the calendar does not have. */
export function startOfDay(text: string): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return undefined;
  const start = Date.parse(text);
  // Date.parse takes 2027-02-31 for the 3rd of March.
  return !Number.isNaN(start) && new Date(start).toISOString().startsWith(text) ? start : undefined;
}

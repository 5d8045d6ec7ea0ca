/** Times and sizes as a person says them. */

const DAY = 24 * 60 * 60 * 1000;

/** "today 09:12", "yesterday 18:04", "Monday 18:04" within a week, else the date. In local time. */
export function whenOf(moment: string | Date, now = new Date()): string {
  const then = new Date(moment);
  const time = then.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  const days = Math.round((midnightOf(now) - midnightOf(then)) / DAY);
  if (days === 0) return `today ${time}`;
  if (days === 1) return `yesterday ${time}`;
  if (days > 1 && days < 7) return `${then.toLocaleDateString([], { weekday: 'long' })} ${time}`;
  return `${then.toLocaleDateString([], { day: 'numeric', month: 'short', year: 'numeric' })} ${time}`;
}

/** A day such as 2026-11-22 as a person writes it; whatever is none as it is. */
export function dayOf(day: string): string {
  const midnight = new Date(`${day}T00:00:00Z`);
  if (Number.isNaN(midnight.getTime())) return day;
  return midnight.toLocaleDateString([], { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' });
}

function midnightOf(moment: Date): number {
  return new Date(moment.getFullYear(), moment.getMonth(), moment.getDate()).getTime();
}

/** Such as "23 KB" or "1.4 MB". */
export function sizeOf(bytes: number): string {
  if (bytes < 1_000_000) return `${Math.max(1, Math.round(bytes / 1000)).toLocaleString()} KB`;
  return `${(bytes / 1_000_000).toLocaleString(undefined, { maximumFractionDigits: 1 })} MB`;
}

/** Which of two rows that differ stays, in words. */

import type { Winner } from './backup';

export const WINNERS: Array<[Winner, string]> = [
  ['theirs', 'the backup’s takes its place'],
  ['mine', 'mine stays'],
  ['newer', 'the one that was changed later stays'],
  ['both', 'both stay, the backup’s as another one'],
];

/** What a preview says of one conflict. */
export const staysOf = (stays: string) => WINNERS.find(([winner]) => winner === stays)?.[1] ?? stays;

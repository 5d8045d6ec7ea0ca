/** Lines out of text that arrives in pieces: pipes cut anywhere, and some shells hand over whole lines. */
export class Lines {
  readonly #take: (line: string) => void;
  #unfinished = '';

  constructor(take: (line: string) => void) {
    this.#take = take;
  }

  /** Hand over the lines that `text` completes, without their newlines; blank ones are passed over. */
  push(text: string): void {
    const lines = (this.#unfinished + text).split('\n');
    this.#unfinished = lines.pop() ?? '';
    for (const line of lines) {
      if (line.trim() !== '') {
        this.#take(line);
      }
    }
  }
}

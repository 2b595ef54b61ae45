const QUESTIONS = [
  'What is the capital of France?',
  'You are a helpful assistant. Say in one word: red',
  'You are a helpful assistant. Say in one word: blue',
  'You are a helpful assistant. Say in two words: a city',
];

/** Clients that ask one question after the other until they are told to stop. */
export class Traffic {
  readonly #url: string;
  readonly #clients: readonly Promise<void>[];
  #isStopped = false;

  constructor(url: string, numClients = 6) {
    this.#url = url;
    this.#clients = Array.from({ length: numClients }, (_, client) => this.#run(client));
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#clients);
  }

  async #run(client: number): Promise<void> {
    for (let turn = client; !this.#isStopped; turn++) {
      const content = `${QUESTIONS[turn % QUESTIONS.length] ?? ''} ${turn % 17}`;
      const body = { messages: [{ role: 'user', content }], max_tokens: 48, ignore_eos: true };
      const answer = await fetch(`${this.#url}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      await answer.text();
    }
  }
}
